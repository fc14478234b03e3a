-- Lets wrk tell the whole distribution of its latencies, in microseconds at a thousand even shares,
-- so that rounds can be pooled. That runs after the load. Nothing runs per request, unless a word
-- stands behind the address: then every request has an address of its own, which begins with it.
init = function(args)
  if args[1] then
    local at = 0
    request = function()
      at = at + 1
      return wrk.format(nil, wrk.path .. "&n=" .. args[1] .. "-" .. at)
    end
  end
end

done = function(_, latency)
  io.write("latencies:")
  for share = 0.05, 99.95, 0.1 do
    io.write(" ", latency:percentile(share))
  end
  io.write("\n")
end
