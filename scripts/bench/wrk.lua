-- Lets wrk tell the whole distribution of its latencies, in microseconds at a thousand even shares, so that rounds can be
-- pooled. It runs after the load; nothing of it runs per request.
done = function(_, latency)
  io.write("latencies:")
  for share = 0.05, 99.95, 0.1 do
    io.write(" ", latency:percentile(share))
  end
  io.write("\n")
end
