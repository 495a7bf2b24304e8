/** What a ticket opens: a conversation, or a look at what is said in others. */
export const TICKET_KINDS = ['browser', 'dashboard'] as const;
export type TicketKind = (typeof TICKET_KINDS)[number];
