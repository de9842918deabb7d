# Berichten die bij geen ticket horen.
loose = Berichten zonder ticket
loose-hint = Wat machines schreven, zoals afwezigheidsberichten en teruggekomen mail, en wat binnenkwam via kanalen die zelf geen tickets maken.
loose-message = Bericht
loose-why = Waarom er geen ticket is
loose-makes-none = het kanaal maakt er geen
loose-none = Er is geen zulk bericht. Alles wat binnenkwam, staat op tickets.
loose-no-more = Er zijn geen oudere.
loose-make = Er een ticket van maken
loose-subject = Onderwerp
loose-given-to = Gegeven aan
loose-by-rules = wie de regels van het kanaal vinden
loose-to-me = mij
loose-make-it = Ticket maken
loose-files-hint = Ze zijn op een ticket te openen.
