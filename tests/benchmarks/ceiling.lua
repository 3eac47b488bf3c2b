-- Posts one ready-made body again and again: what the sink can take. The body's file is the first argument after --.
local request_text

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local body = file:read("*a")
  file:close()
  request_text = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
end

function request()
  return request_text
end
