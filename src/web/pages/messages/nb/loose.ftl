# Meldinger som ikke hører til noen sak.
loose = Meldinger uten sak
loose-hint = Det maskiner skrev, som fraværsmeldinger og e-post i retur, og det som kom gjennom kanaler som ikke lager saker selv.
loose-message = Melding
loose-why = Hvorfor det ikke er noen sak
loose-makes-none = kanalen lager ingen
loose-none = Det finnes ingen slik melding. Alt som kom, står på saker.
loose-no-more = Det finnes ingen eldre.
loose-make = Lag en sak av den
loose-subject = Emne
loose-given-to = Gis til
loose-by-rules = den kanalens regler finner
loose-to-me = meg
loose-make-it = Lag saken
loose-files-hint = De kan åpnes på en sak.
