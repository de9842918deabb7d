replay = Andere Regel
replay-about = Was über einen Kanal kam, wird nach der Regel unten noch einmal verteilt und mit dem verglichen, was geschah. Es ändert sich nichts. Personen, Kenntnisse und Kontakte sind die von heute; wer da war, wer telefonierte und wann Tickets geschlossen wurden, ist wie es war.
replay-no-channel = Es gibt noch keinen Kanal.
replay-channel = Kanal
replay-time = Aus dem letzten Zeitraum
replay-days = { $count ->
    [one] ein Tag
   *[other] { $count } Tage
}
replay-its-rule = Seine Regel zeigen
replay-play = Noch einmal verteilen
replay-answer = Was gewesen wäre
replay-summary = { $different ->
    [0] Alle { $tickets } wären dorthin gegangen, wohin sie gingen.
   *[other] { $different } von { $tickets } wären anderswohin gegangen.
}
replay-nobody-counts = Niemand bekam { $happened }; niemand hätte { $instead } bekommen.
replay-shares = Wer wie viele bekam
replay-happened = Bekam es
replay-instead = Hätte es bekommen
replay-different = Was anderswohin gegangen wäre
replay-ticket = Ticket
replay-why = Warum
replay-nobody = niemand
replay-any-of = bei diesen hätte es geläutet: { $names }
replay-customer-agent = der Kundenagent
replay-more = { $count ->
    [one] Und eines mehr.
   *[other] Und { $count } mehr.
}
