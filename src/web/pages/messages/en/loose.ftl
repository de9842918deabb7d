# Messages that belong to no ticket.
loose = Messages without a ticket
loose-hint = What machines wrote, such as away notes and returned mail, and what came by channels that make no tickets by themselves.
loose-message = Message
loose-why = Why there is no ticket
loose-makes-none = the channel makes none
loose-none = There is no such message. All that came is on tickets.
loose-no-more = There are no older ones.
loose-make = Make a ticket of it
loose-subject = Subject
loose-given-to = Given to
loose-by-rules = whom the channel’s rules find
loose-to-me = me
loose-make-it = Make the ticket
loose-files-hint = They can be opened on a ticket.
