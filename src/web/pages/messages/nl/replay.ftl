replay = Andere regel
replay-about = Wat via een kanaal binnenkwam, wordt met de regel hieronder nog eens verdeeld en vergeleken met wat er gebeurde. Er verandert niets. Mensen, vaardigheden en contacten zijn die van vandaag; wie er was, wie in gesprek was en wanneer tickets gesloten werden, is zoals het was.
replay-no-channel = Er is nog geen kanaal.
replay-channel = Kanaal
replay-time = Van de laatste
replay-days = { $count ->
    [one] dag
   *[other] { $count } dagen
}
replay-its-rule = Toon zijn regel
replay-play = Nog eens verdelen
replay-answer = Wat er gebeurd zou zijn
replay-summary = { $different ->
    [0] Alle { $tickets } zouden gegaan zijn waar ze heen gingen.
   *[other] { $different } van { $tickets } zouden ergens anders heen gegaan zijn.
}
replay-nobody-counts = Niemand kreeg er { $happened }; niemand zou er { $instead } gekregen hebben.
replay-shares = Wie er hoeveel kreeg
replay-happened = Kreeg het
replay-instead = Zou het gekregen hebben
replay-different = Wat ergens anders heen gegaan zou zijn
replay-ticket = Ticket
replay-why = Waarom
replay-nobody = niemand
replay-any-of = bij deze allemaal ging het over: { $names }
replay-customer-agent = de klantagent
replay-more = { $count ->
    [one] En nog één.
   *[other] En nog { $count }.
}
