replay = En annen regel
replay-about = Det som kom til en kanal, fordeles en gang til etter regelen nedenfor og sammenlignes med det som skjedde. Ingenting endres. Folk, ferdigheter og kontakter er dagens; hvem som var der, hvem som var i samtale og når saker ble lukket, er som det var.
replay-no-channel = Det finnes ingen kanal ennå.
replay-channel = Kanal
replay-time = Fra de siste
replay-days = { $count ->
    [one] døgn
   *[other] { $count } dager
}
replay-its-rule = Vis regelen
replay-play = Fordel en gang til
replay-answer = Det som ville ha skjedd
replay-summary = { $different ->
    [0] Alle { $tickets } ville ha gått dit de gikk.
   *[other] { $different } av { $tickets } ville ha gått et annet sted.
}
replay-nobody-counts = Ingen fikk { $happened }; ingen ville ha fått { $instead }.
replay-shares = Hvem som fikk hvor mange
replay-happened = Fikk den
replay-instead = Ville ha fått den
replay-different = Det som ville ha gått et annet sted
replay-ticket = Sak
replay-why = Hvorfor
replay-nobody = ingen
replay-any-of = alle disse ville ha ringt: { $names }
replay-customer-agent = kundeagenten
replay-more = { $count ->
    [one] Og én til.
   *[other] Og { $count } til.
}
