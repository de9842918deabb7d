# The second factor.
second-factor = Tweede factor
second-factor-is-there = ingesteld
second-factor-is-none = niet ingesteld
second-factor-change = Wijzigen
second-factor-set-up = De tweede factor instellen
second-factor-remove = De tweede factor verwijderen
second-factor-what = Naast het wachtwoord wordt dan bij het aanmelden een code gevraagd die een authenticator-app op uw telefoon toont.
second-factor-ask = Welke code toont uw authenticator-app nu?
second-factor-code = Code
second-factor-or-recovery = Zes cijfers. Zonder de telefoon: een van uw herstelcodes.
second-factor-wrong = Deze code klopt niet of is al gebruikt.
second-factor-over = Dat duurde te lang. Meld u opnieuw aan.
second-factor-required = Een beheerder heeft bepaald dat u een tweede factor nodig hebt.
second-factor-scan = Laat uw authenticator-app deze afbeelding lezen.
second-factor-picture = Het geheim hieronder, als QR-code
second-factor-type = Of typ het daar in:
second-factor-recovery = Herstelcodes
second-factor-keep = Bewaar deze codes waar u ze zonder uw telefoon vindt. Elk laat u één keer binnen. Ze worden alleen nu getoond.
second-factor-new-codes = Nieuwe codes maken
password-yours = Uw wachtwoord
second-factor-left = { $count ->
    [one] nog { $count } code
   *[other] nog { $count } codes
}
second-factor-lost = Bij het aanmelden wordt hun een code gevraagd. Verwijder hem alleen bij iemand die de telefoon en de herstelcodes kwijt is.
