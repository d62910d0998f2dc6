import { receiver } from "./receiver.ts";

export { receiveHelpDeskTicket } from "./helpdesk-tickets.ts";
export { receiveTextChat } from "./text-chats.ts";

export const receiveChatStarted = receiver("chat_started", {
  id: "ReceiveChatStarted",
  summary: "Receive a chat's start",
  route: "receivers/chat-started",
});

export const receiveChatEnded = receiver("chat_ended", {
  id: "ReceiveChatEnded",
  summary: "Receive a chat's end",
  route: "receivers/chat-ended",
});

export const receiveTicketCreated = receiver("ticket_created", {
  id: "ReceiveTicketCreated",
  summary: "Receive a new ticket",
  route: "receivers/ticket-created",
});
