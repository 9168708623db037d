export * as HtmlReport from "./HtmlReport.ts"
export * as Summary from "./Summary.ts"
