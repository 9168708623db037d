"""The same export as a script of one request at a time writes it, with `requests`: no pool, no retry, all in memory."""
import json
import os
import re
import sys
import time

import requests

spec = json.loads(sys.argv[1])
address = spec["address"]
headers = {"x-api-key": address["apiKey"]}
project = f"{address['apiUrl']}/v1/projects/{address['projectId']}"


def ask(endpoint, **parameters):
    answer = requests.get(endpoint, headers=headers, params=parameters)
    answer.raise_for_status()
    return answer.json()


started, started_cpu = time.perf_counter(), time.process_time()
jobs, token = [], None
while True:
    page = ask(f"{project}/batch/{address['batchId']}", **({"page_token": token} if token else {}))["data"]
    jobs += page["jobs"]
    token = page.get("next_page_token")
    if not token:
        break
for job in jobs:
    result = ask(f"{project}/jobs/{job['id']}")["data"]["result"]
    document = ask(f"{address['apiUrl']}/v1/attachments", url=result)
    with open(os.path.join(spec["folder"], f"{job['id']}.json"), "w") as file:
        json.dump(document, file)

with open("/proc/self/status") as status:
    peak = int(re.search(r"VmHWM:\s*(\d+) kB", status.read())[1]) * 1024

print(json.dumps({
    "seconds": time.perf_counter() - started,
    "cpu": time.process_time() - started_cpu,
    "processCpu": time.process_time(),
    "rss": peak / 1e6,
    "counts": {"jobs": len(jobs)},
}))
