-- A recovery request over its source limit, as wrk sends it.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. (os.getenv("BENCH_KEY") or "none")
wrk.body = '{"identifier":"someone@example.org","client":{"ip":"192.0.2.1","user_agent":"bench"}}'
