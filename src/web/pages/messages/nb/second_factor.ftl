# The second factor.
second-factor = Andre faktor
second-factor-is-there = satt opp
second-factor-is-none = ikke satt opp
second-factor-change = Endre
second-factor-set-up = Sett opp den andre faktoren
second-factor-remove = Fjern den andre faktoren
second-factor-what = I tillegg til passordet spør innloggingen da om en kode som en autentiseringsapp på telefonen din viser.
second-factor-ask = Hvilken kode viser autentiseringsappen din nå?
second-factor-code = Kode
second-factor-or-recovery = Seks sifre. Uten telefonen: en av gjenopprettingskodene dine.
second-factor-wrong = Denne koden er feil, eller er brukt før.
second-factor-over = Det tok for lang tid. Logg inn på nytt.
second-factor-required = En administrator har bestemt at du trenger en andre faktor.
second-factor-scan = La autentiseringsappen din lese dette bildet.
second-factor-picture = Hemmeligheten nedenfor, som QR-kode
second-factor-type = Eller skriv den inn der:
second-factor-recovery = Gjenopprettingskoder
second-factor-keep = Ta vare på disse kodene der du finner dem uten telefonen. Hver slipper deg inn én gang. De vises bare nå.
second-factor-new-codes = Lag nye koder
password-yours = Passordet ditt
second-factor-left = { $count ->
    [one] { $count } kode igjen
   *[other] { $count } koder igjen
}
second-factor-lost = De blir spurt om en kode når de logger inn. Fjern den bare for noen som har mistet telefonen og gjenopprettingskodene.
