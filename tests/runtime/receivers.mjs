// Receivers of messages: real servers that verify what they are sent, and then do what the test
// says.

import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

/**
 * A receiver: `self.answer(response, message)` may be replaced at any time. Each message is
 * verified with `secret`, if there is one.
 */
export async function receiver(secret) {
  const self = { answer: (response) => response.writeHead(204).end(), messages: [], refused: [] };
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const message = { at: Date.now(), path: request.url, headers: request.headers, id: request.headers["webhook-id"], body };
      try {
        if (secret) new Webhook(secret).verify(body, request.headers);
        message.json = JSON.parse(body);
        self.messages.push(message);
      } catch (error) {
        self.refused.push({ ...message, error: error.message });
        response.writeHead(401).end();
        return;
      }
      self.answer(response, message);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  self.port = server.address().port;
  self.url = `http://127.0.0.1:${self.port}/inbox`;
  /** What the messages told, in their order: `fail pool/shop`. */
  self.told = () => self.messages.flatMap(({ json }) => json.data.news.map(({ kind, subject }) => `${kind} ${subject}`));
  self.stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return self;
}
