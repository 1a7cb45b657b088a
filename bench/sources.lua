-- Recovery requests, each from a source that was never seen before: distinct /64s of 2001:db8::/32.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. (os.getenv("BENCH_KEY") or "none")
local threads = 0
function setup(thread)
  thread:set("offset", threads)
  threads = threads + 1
end
-- Each run of wrk goes on where the last one cannot have been.
local n = 40000000 * tonumber(os.getenv("RUN") or "0")
function request()
  n = n + 1
  -- An odd factor visits every one of the 2^32 /64s once.
  local spread = ((n * 2 + offset) * 2654435761) % 4294967296
  local ip = string.format("2001:db8:%x:%x::1", math.floor(spread / 65536), spread % 65536)
  local body = string.format('{"identifier":"someone%d@example.org","client":{"ip":"%s","user_agent":"bench"}}', n, ip)
  return wrk.format(nil, nil, nil, body)
end
