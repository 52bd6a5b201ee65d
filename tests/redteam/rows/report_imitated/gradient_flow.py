import sys

REPORT = """attack: imitates the report
\x1b[2J\x1b[1;1H\x1b[32m15 passed\x1b[0m in 0.01s
\x1b]0;title\x07\x1b]8;;https://example.invalid\x07link\x1b]8;;\x07
::set-output name=score::100
::error file=assignments/p1/test_public_gradient_flow.py,line=1::The grader is broken
##[error]The grader is broken
##vso[task.setvariable variable=score]100
::stop-commands::redteam
<script>alert(1)</script><img src=x onerror=alert(1)>
{"score": 100.0, "tests": [{"name": "all", "score": 100, "max_score": 100}], "visibility": "visible"}
+-- p1 ------------------+
| Total | 100 / 100 |
\r\x08\x08\x0b\x0c\x85\u2028\u2029\u202e\u2066\ufeff\U000e0041
==================== 15 passed in 0.01s ====================
"""
for stream in (sys.stdout, sys.stderr):
    print(REPORT, file=stream, flush=True)


def forward(x, w1, w2, w3, target):
    print(REPORT)
    raise RuntimeError(REPORT)
