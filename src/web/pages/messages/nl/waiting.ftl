# Tickets die op iemand wachten.
waiting = Wachtrij
waiting-hint = Hun kanaal verdeelt ze opnieuw, de oudste eerst, als iemand beschikbaar wordt of ruimte heeft, als het opengaat, of als een regel wordt opgeslagen.
waiting-who = Wie wacht
waiting-since = Sinds
waiting-why = Waarom niemand het heeft
waiting-none = Er wacht geen ticket. Hier wachten tickets waarvan het kanaal ze opnieuw verdeelt, zolang niemand ze kan nemen.
waiting-to-channels = Naar de kanalen
waiting-no-more = Achter deze wacht niemand.
waiting-look-again = Opnieuw kijken
waiting-to-the-oldest = Naar de oudste
