import { app } from "@azure/functions";

// Streams requests, as our own app does.
app.setup({ enableHttpStream: process.env.HTTP_STREAMING !== "off" });

/** Reads a body and sends an answer as long as a receiver's, to measure the host and the library alone. */
app.http("NoOp", {
  methods: ["POST"],
  route: "no-op",
  authLevel: "anonymous",
  async handler(request) {
    const { byteLength } = await request.arrayBuffer();
    const body = JSON.stringify({ status: "stored", id: "chat_ended~0000000000000000000000", byteLength });
    const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
    return { status: 200, headers, body };
  },
});
