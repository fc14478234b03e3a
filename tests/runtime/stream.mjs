// A client of server-sent events, as far as the tests need one.

/**
 * Opens a stream; `next()` is its next event, as `{ id, event, retry, data }`, and nothing when it
 * has ended.
 */
export async function stream(worker, path, headers = {}) {
  const controller = new AbortController();
  const answer = await fetch(worker.url + path, { headers: { accept: "text/event-stream", ...headers }, signal: controller.signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const next = async () => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
        if (fields.data) return { id: fields.id, event: fields.event, retry: Number(fields.retry), data: JSON.parse(fields.data) };
        continue;
      }
      const { value, done } = await reader.read();
      if (done) return undefined;
      text += value;
    }
  };
  return { answer, next, leave: () => controller.abort() };
}
