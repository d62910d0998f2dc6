import { app } from "@azure/functions";

// As our own app is set up.
app.setup({ enableHttpStream: process.env.HTTP_STREAMING !== "off" });

/** Reads a body and answers with as much as a receiver does: what the host and the library cost by themselves. */
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
