export * as HtmlReport from "./HtmlReport.ts"
export * as JobDrawing from "./JobDrawing.ts"
export * as Summary from "./Summary.ts"
