# ruff: noqa: E501 - one comment a line, as it was written
"""What German customers write, piece by piece: pure data for `voices`, invented for the demo.

THEMES   per theme, one clause a line: `+` praise, `-` complaint, `o` neither, `~` the mild complaint of the contented; an `n` or `a` after the sign keeps the
         line to Nordheim (telephone, energy, internet) or to Alder & Finch (shop, mail, chat). A clause is written as
         it stands inside a sentence (lower case unless a noun begins it) and without a full stop.
EPISODES the same for the plot's own chapters. SHORT, WHOLES, SIGNALS, IDENTITY, OPENERS, CLOSERS: see each.
Slots in braces are filled by `voices`; [[formal|informal]] follows the client's form of address.
"""

THEMES = {
    "waiting_time": """
+ ich kam sofort durch
+ kaum Wartezeit, das kenne ich anders
+ nach nicht mal {min_short} Minuten hatte ich jemanden dran
+n endlich mal eine Hotline, bei der man nicht ewig hängt
+n schnell drangekommen, obwohl Montag früh war
+a im Chat hat sofort jemand geantwortet
+a die Antwort auf meine Mail kam noch am selben Tag
+a hätte nicht gedacht, dass am Samstag jemand antwortet
o die Wartezeit war ok
o bisschen warten musste ich schon
on {min_short} Minuten in der Schleife, geht noch
-n {min} Minuten Warteschleife, das ist eine Zumutung
-n bin nach {min} Minuten aus der Leitung geflogen und durfte von vorne anfangen
-n immer nur besetzt, ich habe es über den Tag verteilt {times} Mal probiert
-n diese Musik in der Schleife verfolgt mich noch im Schlaf
-n wer arbeitet, erreicht [[Sie|euch]] zu diesen Zeiten einfach nicht
-n die Wartezeit am Telefon ist viel zu lang
-n um {time} Uhr ging schon keiner mehr ran
-a auf die erste Antwort habe ich {days} Tage gewartet
-a im Chat stand „gleich für dich da“, nach {min} Minuten war immer noch niemand da
-a telefonisch ist ja gar keiner zu erreichen
-a auf meine Mail vom {weekday} kam tagelang nichts
~ nur die Wartezeit könnte kürzer sein
~n etwas schneller drankommen wäre schön
~n mittags hängt man leider recht lange
~a eine schnellere erste Antwort wäre das Tüpfelchen auf dem i
""",
    "friendliness": """
+ die Dame war sehr freundlich
+ super netter Mitarbeiter
+ man hat mir wirklich zugehört
+ sehr geduldig, obwohl ich dreimal nachgefragt habe
+ so freundlich wurde ich lange nicht mehr behandelt
+ der junge Mann hat sich richtig Mühe gegeben
+ ich habe mich ernst genommen gefühlt
+ sehr nett und mit Humor, das hat den Tag gerettet
+n am Telefon war man ausgesprochen höflich
+n meine Mutter ist 84 und wurde sehr lieb betreut
+a die Mails sind total herzlich geschrieben
+a da schreibt noch ein Mensch mit, sehr sympathisch
o höflich war man, mehr aber auch nicht
- der Ton war von oben herab
- ziemlich pampig, wenn ich ehrlich bin
- die Mitarbeiterin war hörbar genervt
- kein Wort der Entschuldigung
- man kommt sich vor wie ein Bittsteller
- unfreundlich und kurz angebunden
-n der Herr hat mir ständig ins Wort gefallen
-n am Ende wurde einfach aufgelegt
-a die Antwort klang, als würde ich nur stören
-a null Mitgefühl, nur Floskeln
~ ein bisschen mehr Wärme dürfte sein
~ nur am Anfang etwas kühl
on sachlich, ein Lächeln hörte man nicht
""",
    "competence": """
+ die Dame wusste sofort, worum es geht
+ sehr kompetent
+ endlich mal jemand, der sich auskennt
+ fachlich top beraten
+ der Mitarbeiter kannte sich mit dem Thema richtig gut aus
+n er hat den Fehler in der Abrechnung gleich gefunden
+n die Technikerin am Telefon hat den Router in {min_short} Minuten zum Laufen gebracht
+a alle Fragen zu den Maßen wurden richtig beantwortet
+a man merkt, dass die Leute die Möbel selbst kennen
- jeder sagt etwas anderes
- der Kollege hatte leider keine Ahnung
- mir wurde eine falsche Auskunft gegeben
- ich musste dem Mitarbeiter erklären, wie der eigene Tarif funktioniert
- erst hieß es ja, dann nein, dann wieder ja
-n man hat mir den falschen Zählerstand eingetragen
-n von Glasfaser hatte dort offenbar noch nie jemand gehört
-a die Auskunft zur Farbe war schlicht falsch
-a auf meine eigentliche Frage wurde gar nicht eingegangen
-a mir wurde ein Ersatzteil geschickt, das überhaupt nicht passt
~ beim zweiten Thema war man nicht ganz so sattelfest
~n eine Zahl musste der Kollege erst nachfragen
~a zu den Maßen hätte ich mir mehr Details gewünscht
o Auskunft war in Ordnung
""",
    "resolution": """
+ mein Problem wurde sofort gelöst
+ alles geklärt
+ mir wurde schnell geholfen
+ Anliegen in einem Gespräch erledigt
+ hat alles auf Anhieb geklappt
+ danach lief alles wieder
+ am Ende gab es eine gute Lösung
+ nach {days} Tagen Hin und Her hat es jetzt endlich geklappt
+ besser hätte man es nicht lösen können
o die Hälfte ist geklärt, den Rest sehen wir
- mein Problem besteht immer noch
- gelöst ist leider gar nichts
- geholfen wurde mir nicht
- bis heute keine Lösung
- das Anliegen wurde einfach geschlossen, obwohl nichts passiert ist
- nur die Hälfte wurde erledigt
- nach dem Gespräch war ich genauso schlau wie vorher
-n es geht immer noch nicht, ich sitze seit {days} Tagen da
-a Ticket auf „gelöst“ gesetzt, gelöst ist nix
-a statt einer Lösung bekam ich einen Link zu den FAQ
~ ein kleiner Rest ist noch offen
~ musste einmal nachhaken
o erledigt, wie erwartet
""",
    "repeat_contact": """
+ diesmal musste ich nur einmal anrufen
+ ein einziger Kontakt hat gereicht
+ die Kollegin hatte meine Vorgeschichte gleich vor sich
+ ich musste nicht alles noch mal erzählen
- ich habe jetzt zum {nth} Mal angerufen
- jedes Mal muss ich alles von vorne erzählen
- das war Versuch Nummer {times} in dieser Sache
- {times} Kontakte für so eine Kleinigkeit
-n schon wieder angerufen, schon wieder das gleiche Spiel
-n seit {month} rufe ich ständig wegen derselben Sache an
-a dritte Mail, dritter Bearbeiter, jedes Mal die gleichen Fragen
-a ich habe die Fotos inzwischen {times} Mal geschickt
~ beim ersten Mal hätte es schon klappen können
""",
    "promise_kept": """
+ der versprochene Rückruf kam pünktlich
+ man hat mich wie zugesagt zurückgerufen
+ was versprochen wurde, wurde gehalten
+ hat sich von selbst wieder gemeldet, wie abgemacht
+n Rückruf für {time} Uhr ausgemacht und um {time} Uhr klingelte es
+n ich hatte nicht mehr mit dem Rückruf gerechnet, aber er kam wirklich
+a die Zusage, sich bis {weekday} zu melden, wurde eingehalten
- der versprochene Rückruf kam nie
- auf den Rückruf warte ich heute noch
- man wollte sich melden, passiert ist nichts
- zugesagt wird viel, gehalten wenig
- es hieß, bis {weekday} bekomme ich Bescheid, Pustekuchen
-n den ganzen {weekday} neben dem Telefon gesessen und kein Anruf
-n zweimal Rückruf vereinbart und zweimal vergessen
-a „Wir melden uns in 24 Stunden“, das ist {days} Tage her
-a die zugesagte Bestätigung per Mail habe ich nie bekommen
~ der Rückruf kam etwas später als gesagt
""",
    "transfer": """
+ wurde direkt an die richtige Stelle verbunden
+ alles aus einer Hand, kein Weiterleiten
+ die Kollegin hat sich selbst darum gekümmert statt mich weiterzureichen
+ endlich fühlte sich mal jemand zuständig
- ich wurde {times} Mal weiterverbunden
- keiner fühlt sich zuständig
- die eine Abteilung weiß nicht, was die andere tut
- hin- und hergeschoben von A nach B
-n vom Netzbetreiber zum Vertrieb und wieder zurück
-n beim Weiterverbinden bin ich rausgeflogen
-a der Chat verweist auf die Mail, die Mail auf den Paketdienst
-a das Ticket ist durch {times} Abteilungen gewandert
~ einmal weiterverbunden, dann ging's
""",
    "communication": """
+ alles verständlich erklärt
+ sehr gut erklärt, auch für Laien
+ ich wurde die ganze Zeit auf dem Laufenden gehalten
+ klare Auskunft ohne Fachchinesisch
+n die Abschlagsberechnung habe ich jetzt zum ersten Mal verstanden
+a die Statusmails sind klar und nicht zu viele
o etwas mehr Information wäre schön gewesen
- ich wurde über nichts informiert
- das Schreiben versteht kein Mensch
- man muss allem selbst hinterherlaufen, von alleine kommt keine Info
- die Verbindung war schlecht, ich habe die Hälfte nicht verstanden
- nur Fachbegriffe, mit denen ich nichts anfangen kann
-n der Brief zur Preisanpassung ist unverständlich
-n kein Wort darüber, wie es jetzt weitergeht
-a dass sich die Bestellung verschiebt, habe ich nur durch Zufall erfahren
-a die Aufbauanleitung besteht aus drei Bildern und einem Fragezeichen
~ eine kurze Bestätigung per Mail hätte mir noch gefehlt
~ zwischendurch mal ein Wort zum Stand wäre gut
~n der Brief dazu war etwas umständlich formuliert
~a eine Nachricht bei der Verschiebung wäre nett gewesen
""",
    "automation": """
+ sogar die Sprachansage war kurz und verständlich
+a der Chatbot hat mich schnell an einen Menschen übergeben
+a die automatische Statusabfrage finde ich praktisch
- nur Textbausteine
- mit einem Menschen zu sprechen ist fast unmöglich
-n die Sprachansage mit ihren vielen Menüpunkten nervt
-n der Computer am Telefon versteht mich nicht
-n drücken Sie 1, drücken Sie 4, drücken Sie 2, und dann fliegt man raus
-n erst nach dem fünften Menü kam ein echter Mensch
-a der Chatbot versteht rein gar nichts
-a der Bot schickt mich seit {days} Tagen im Kreis
-a man merkt, dass die Antwort aus Textbausteinen zusammenkopiert ist
~n auf die Ansage vorweg könnte ich verzichten
~a den Bot könnt ihr euch sparen
""",
    "processing_time": """
+ die Bearbeitung ging unglaublich schnell
+ innerhalb von {days_short} Tagen erledigt
+ ging alles zügig über die Bühne
+n Umzugsmeldung war am nächsten Tag bearbeitet
+a ruckzuck erledigt
- die Bearbeitung dauert viel zu lange
- seit {weeks} Wochen liegt mein Antrag bei [[Ihnen|euch]]
- nach {weeks} Wochen immer noch in Bearbeitung
- warum dauert so etwas Simples {weeks} Wochen
-n für eine einfache Namensänderung {weeks} Wochen gebraucht
-a die Reklamation zieht sich jetzt schon {weeks} Wochen
-a es tut sich einfach nichts, Status seit {days} Tagen „in Bearbeitung“
~ hätte gern etwas schneller gehen dürfen
~ eine Woche weniger wäre auch gegangen
on hat etwas gedauert, aber im Rahmen
""",
    "process": """
+ sehr unbürokratisch
+ man war kulant und flexibel
+ ging ganz ohne Formulare
+ es wurde eine Ausnahme für mich gemacht, toll
+a keine dummen Fragen, einfach unkompliziert geregelt
- viel zu viel Bürokratie
- „das dürfen wir nicht“ war die Standardantwort
- für alles braucht man ein Formular
- die Mitarbeiter würden ja gern, dürfen aber nichts entscheiden
- Regeln sind wichtiger als der Kunde
-n wegen einer fehlenden Unterschrift geht alles wieder auf Anfang
-n wer verlangt im Jahr {year} noch ein Fax
-a ohne Originalkarton angeblich nichts zu machen
~ ein Formular weniger täte es auch
""",
    "delivery": """
+n der Techniker war auf die Minute pünktlich
+n Termin für den Anschluss wurde eingehalten
+n der Monteur kam sogar etwas früher
+a schnelle Lieferung
+a die Spedition hat {product} bis in den dritten Stock getragen
+a alles heil und pünktlich angekommen
+a Lieferung früher als angekündigt
oa Lieferung war im Rahmen
-n der Techniker ist einfach nicht gekommen
-n extra Urlaub genommen und der Monteur stand nie vor der Tür
-n Techniker-Termin Nummer {times}, wieder geplatzt
-n Zeitfenster von 8 bis 16 Uhr und dann kam keiner
-a die Lieferung kam {days} Tage zu spät
-a Paket laut Verfolgung zugestellt, hier ist aber nichts
-a {product} kam mit abgestoßener Ecke an
-a Liefertermin wurde {times} Mal verschoben
-a der Fahrer hat nicht mal geklingelt
-a Karton aufgerissen, Schrauben fehlen
-a seit {weeks} Wochen warte ich auf {product}
~n das Zeitfenster für den Techniker ist arg lang
~a ein engeres Zeitfenster bei der Lieferung wäre praktisch
~a Verpackung war etwas viel
""",
    "availability": """
+n die Störung war schnell behoben
+n seit dem Anruf läuft die Leitung stabil
+n nach {min} Minuten war das Licht wieder an
+a {product} war sofort lieferbar
+a obwohl fast ausverkauft, habe ich noch eins bekommen
-n schon wieder Internet weg
-n seit {days} Tagen ohne Anschluss
-n jeden Abend bricht die Verbindung zusammen
-n der Strom war {times} Mal weg und niemand weiß warum
-n Störung gemeldet, gestört ist es immer noch
-n im Homeoffice ohne Leitung, das kostet mich Geld
-a {product} ist ständig ausverkauft
-a erst bestellbar, dann doch nicht lieferbar
-a steht seit {month} auf „bald wieder da“
~n hin und wieder ein kurzer Aussetzer
~a die Lieblingsfarbe war leider ausverkauft
""",
    "product_quality": """
+n die Glasfaser hält, was sie verspricht
+n Leitung ist schnell und stabil
+n mit dem Ökostrom bin ich rundum zufrieden
+a {product} sieht noch schöner aus als auf den Bildern
+a tolle Verarbeitung
+a die Qualität stimmt, massives Holz und keine Spanplatte
+a richtig schöne Sachen
+a {product} steht bombenfest
-n von den versprochenen {speed} Mbit kommen abends keine zehn an
-n der mitgelieferte Router taugt nichts
-n das WLAN reicht nicht mal bis in die Küche
-a {product} wackelt
-a die Farbe hat mit dem Foto nichts zu tun
-a nach {weeks} Wochen löst sich schon das Furnier
-a riecht auch nach {days} Tagen Lüften noch nach Chemie
-a für den Preis hätte ich bessere Qualität erwartet
~n abends ist die Leitung mal etwas langsamer
~a der Farbton ist einen Tick dunkler als gedacht
~a ein Kratzer an der Rückseite, sieht keiner
on die Leitung tut, was sie soll
""",
    "price": """
+ Preis und Leistung passen
+ fairer Preis
+n günstiger als mein alter Anbieter
+n man hat mir von selbst den billigeren Tarif genannt
+a im Angebot ein echtes Schnäppchen
- einfach zu teuer
- die Preise sind nicht mehr normal
-n der Abschlag ist um {amount} Euro gestiegen, wer soll das bezahlen
-n Neukunden zahlen weniger als treue Kunden
-n Grundpreis schon wieder erhöht
-n {amount} Euro mehr im Monat ist heftig für eine Rentnerin
-a die Versandkosten sind unverschämt
-a {amount} Euro Lieferaufschlag für ein Regal
~ nur der Preis dürfte etwas niedriger sein
~n billig ist es ja nicht gerade
~a die Versandkosten sind etwas hoch
""",
    "billing": """
+ die Rechnung wurde anstandslos korrigiert
+n Abrechnung stimmt und ist übersichtlich
+n Abschlag ließ sich sofort anpassen
+a Zahlung auf Rechnung klappt prima
+a Rechnung kam gleich per Mail, perfekt fürs Büro
- die Rechnung ist falsch
- mir wurde doppelt abgebucht
- Mahnung bekommen, obwohl ich längst bezahlt habe
-n die Jahresabrechnung stimmt hinten und vorne nicht
-n {amount} Euro Nachzahlung, das kann nicht sein
-n der Zählerstand auf der Rechnung ist geschätzt, obwohl ich ihn gemeldet habe
-n Lastschrift geändert und trotzdem vom alten Konto abgebucht
-a auf der Rechnung steht die falsche Adresse
-a meine Karte wurde zweimal mit {amount} Euro belastet
-a Mahnung für {aproduct}, das ich zurückgeschickt habe
~n die Rechnung könnte übersichtlicher sein
~a PayPal-Zahlung wäre noch schön
""",
    "refund_goodwill": """
+ als Entschuldigung gab es {goodwill} Euro gutgeschrieben, sehr anständig
+ die Erstattung war nach {days_short} Tagen auf dem Konto
+n {goodwill} Euro Gutschrift für den Ausfall, feine Geste
+a Rücksendung war völlig problemlos
+a Umtausch ohne Diskussion
+a kostenlos Ersatz bekommen
- auf meine Erstattung warte ich immer noch
- von Kulanz keine Spur
-n für {days} Tage Ausfall gab es keinen Cent
-n das Guthaben wird einfach nicht ausgezahlt
-a {amount} Euro fehlen mir seit {weeks} Wochen
-a die Rücksendung soll ich selbst bezahlen
-a statt Geld zurück gab es einen Gutschein, den ich nicht will
-a Retoure ist seit {days} Tagen da, Geld aber nicht
~ eine kleine Entschädigung wäre nett gewesen
~a die Erstattung dürfte einen Tag schneller da sein
""",
    "contract": """
+ Kündigung wurde problemlos bestätigt
+n der Tarifwechsel war in fünf Minuten erledigt
+n Umzug mit Vertrag mitgenommen, lief wie am Schnürchen
+n über die Laufzeit wurde ich ehrlich aufgeklärt
+a die Probemitgliedschaft ließ sich ganz leicht beenden
- die Kündigung wurde angeblich nie erhalten
-n der Vertrag hat sich einfach um ein Jahr verlängert
-n mir wurde ein Tarif eingerichtet, den ich nie wollte
-n der Umzug meines Vertrags hat überhaupt nicht funktioniert
-n trotz Sonderkündigungsrecht lässt man mich nicht raus
-a das Abo für den Club ist kaum zu kündigen
-a die Bedingungen im Kleingedruckten hat mir keiner gesagt
~n ein Hinweis auf die Laufzeit hätte früher kommen können
""",
    "ordering": """
+ die Anmeldung war kinderleicht
+n Auftrag für den Anschluss ging schnell durch
+a bestellen ging super einfach
+a konnte die Bestellung noch nachträglich ändern
+a beim Bestellen wurde ich prima beraten
-n mein Auftrag für den Anschluss ist nie angekommen
-n bei der Anmeldung wurde mein Name falsch geschrieben
-a meine Bestellung wurde ohne Grund storniert
-a ich habe zwei bestellt und eins bekommen
-a die Bestellung ließ sich nicht mehr ändern, nach 4 Minuten
-a Bestellbestätigung nie bekommen
~a Bestellungen sollte man länger ändern können
""",
    "digital": """
+ online ging alles ganz leicht
+n Zählerstand per App eingegeben, zack fertig
+n das Kundenportal ist übersichtlich
+a die Webseite ist sehr übersichtlich
+a tolle App, alles auf einen Blick
- das Passwort zurücksetzen funktioniert nicht
- die Seite lädt ewig
-n im Portal komme ich nicht mal bis zum Login
-n Zählerstand online eingeben geht nicht, immer Fehlermeldung
-n die App zeigt mir die Rechnung vom Vorjahr
-a der Warenkorb leert sich von selbst
-a die App stürzt ständig ab
-a auf dem Handy ist die Seite unbedienbar
-a Filter im Shop sind ein Witz
~n die App könnte man mal modernisieren
~n im Portal sucht man sich einen Wolf
~a auf dem Handy ist der Shop etwas fummelig
""",
    "trust": """
+ man geht ehrlich mit Fehlern um
+ hier fühle ich mich gut aufgehoben, auch mit meinen Daten
+ es wurde nichts beschönigt
- ich fühle mich belogen
- warum kennt ein Fremder meine Adresse
- so verspielt man Vertrauen
-n an der Haustür hat sich jemand als [[Ihr|euer]] Mitarbeiter ausgegeben
-n meine Daten lagen plötzlich bei einem anderen Kunden
-a in meinem Konto stand die Adresse einer anderen Kundin
-a die Bewertungen im Shop sind doch nie im Leben echt
""",
    "sales_pressure": """
+ und niemand wollte mir etwas aufschwatzen
+n ehrliche Beratung ohne Verkaufsdruck
-n statt zu helfen wollte man mir einen neuen Tarif andrehen
-n ständig diese Werbeanrufe
-n habe nur eine Frage gestellt und sollte gleich Glasfaser kaufen
-n dreimal nein gesagt und trotzdem weiter Werbung
-a jeden Tag drei Newsletter sind zu viel
-a trotz Abmeldung kommt weiter Werbung
-a in jeder Antwort steckt noch ein Angebot
~n das Glasfaser-Angebot am Ende hätte es nicht gebraucht
~a etwas weniger Newsletter bitte
""",
}

EPISODES = {
    "harbour_outage": """
- im Hafenviertel ist seit {days} Tagen alles tot
- die ganze Hafenstraße ohne Internet und Strom nur stundenweise
- Störung im Hafen und keiner kann sagen wann es wieder geht
- seit dem Ausfall am Hafen komme ich bei der Hotline nicht mehr durch
- wir im Hafenviertel wurden mit dem Ausfall komplett allein gelassen
- mein Laden am Hafen steht still, Kartenzahlung geht nicht ohne Leitung
- bei der Störungsnummer war {min} Minuten lang nur Musik
- es heißt „bekannte Störung“, aber wann sie endet, weiß niemand
- Ausfall Nummer drei in dieser Woche
- Kühltruhe abgetaut, danke Hafenviertel
- immer besetzt, seit bei uns im Hafen das Netz ausgefallen ist
+ trotz Riesenausfall im Hafen blieb die Dame ruhig und freundlich
+ seit gestern läuft im Hafenviertel wieder alles
""",
    "billing_run": """
- die neue Abrechnung ist bei uns im ganzen Haus falsch
- auf einmal {amount} Euro Nachzahlung, bei meinem Nachbarn dasselbe
- Rechnung vom {month}: doppelt berechneter Grundpreis
- im Brief stehen zwei verschiedene Zählernummern, keine davon ist meine
- Abschlag verdoppelt, ohne jede Erklärung
- jetzt habe ich die dritte korrigierte Rechnung und sie ist wieder falsch
- der Fehler bei der Abrechnung liegt bei [[Ihnen|euch]], die Mahnung bekomme ich
- angeblich habe ich 9.000 kWh verbraucht, ich wohne allein
""",
    "billing_mended": """
+ die falsche Rechnung wurde jetzt endlich korrigiert
+ neue Abrechnung kam mit einem ehrlichen Entschuldigungsschreiben
+ die zu viel gezahlten {amount} Euro sind zurück auf dem Konto
+ die korrigierte Rechnung stimmt auf den Cent
- Korrektur kam, aber erst nach {weeks} Wochen
""",
    "callback_promise": """
+ Rückruf kam genau zur vereinbarten Zeit
+ der Rückruf-Termin wurde auf die Minute eingehalten
+ neu ist, dass sie wirklich zurückrufen
+ um {time} Uhr sollte der Anruf kommen, um {time} Uhr war er da
+ sogar eine SMS vor dem Rückruf bekommen
+ nicht gewartet, Rückruf gewählt, zehn Minuten später geklärt
+ früher wurde nie zurückgerufen, jetzt klappt das
- nur der Rückruf kam eine Stunde später als gesagt
""",
    "carrier_change": """
- seit [[Sie|ihr]] mit {carrier} [[ausliefern|ausliefert]], kommt nichts mehr an
- {carrier} hat das Paket einfach vor die Haustür in den Regen gestellt
- Sendungsverfolgung von {carrier} zeigt seit {days} Tagen dasselbe
- das Geschenk kam nach Weihnachten
- mit dem alten Paketdienst gab es nie Probleme
- {carrier} behauptet, ich sei nicht da gewesen, ich war den ganzen Tag zu Hause
- zweimal an die falsche Adresse geliefert
- {product} steht laut {carrier} in einem Depot 80 km entfernt
- vor Weihnachten bestellt, im neuen Jahr noch nicht da
- Lieferung mit {carrier}: {days} Tage statt drei
- {product} kam zerkratzt an, der Karton war hin
""",
    "carrier_mended": """
+ die Lieferung klappt jetzt wieder
+ endlich wieder pünktlich geliefert
+ mit Wunschtermin geliefert und der Fahrer hat vorher angerufen
+ Paket kam nach zwei Tagen, so wie früher
""",
    "app_crashes": """
- seit dem Update stürzt die App beim Bezahlen ab
- die neue App geht auf und sofort wieder zu
- App seit {days} Tagen unbrauchbar
- neue App, alter Warenkorb weg, Merkliste weg
- nach dem App-Update musste ich mich {times} Mal neu anmelden
- App hängt beim Laden der Bestellung, drei Handys probiert
- was habt ihr mit der App gemacht, vorher lief sie doch
- in der App wird meine Bestellung gar nicht mehr angezeigt
- App abgestürzt und trotzdem doppelt bestellt
""",
    "kind_returns": """
+ dass man jetzt 100 Tage zurückgeben kann, finde ich stark
+ Rückgabe ohne Karton und ohne Diskussion
+ {product} wurde kostenlos abgeholt und das Geld war in {days_short} Tagen da
+ die neue Rückgabe ist wirklich unkompliziert
+ Retoure per QR-Code, einfacher geht es nicht
+ ohne Nachfragen Geld zurück, dafür bestelle ich gern wieder
""",
}

# An opinion without a theme, and what is typed when nothing is to be said; by tone.
SHORT = {
    "glad": """
Danke|Vielen Dank|Top|Alles super|Perfekt!|👍|Alles bestens|Weiter so!|Super Service|Sehr zufrieden|Einwandfrei
Immer wieder gern|1a|Klasse|spitze|Rundum zufrieden, danke|Prima gelaufen|Besser geht's nicht|Herzlichen Dank an alle
Jederzeit wieder|alles tip top|Hervorragend|War alles bestens, danke schön|Bin begeistert|Mega 😊|passt alles
Nix zu meckern|sehr guter Service, danke|Da kann man nichts sagen, gut gemacht|Bassd scho|Jo, löppt|Da gibt's nix
""",
    "content": """
Passt|War ok|Soweit zufrieden|Ganz gut|alles in Ordnung|Im Großen und Ganzen gut|geht schon|Kann man so lassen|Solide
Eigentlich gut, Luft nach oben|ok|gut, nicht sehr gut|In Ordnung so|Nicht geschimpft ist genug gelobt
""",
    "mixed": """
Naja|Geht so|Durchwachsen|Mittel|So lala|War schon mal besser|Nicht gut, nicht schlecht|Ausbaufähig|hm
Mal so mal so|Da wäre mehr drin gewesen
""",
    "unhappy": """
Schlecht|Enttäuschend|Nicht zufrieden|War nix|Schade|Da muss sich etwas tun|Früher war das besser|Leider nein
Habe mehr erwartet|Kein guter Eindruck|Bin enttäuscht
""",
    "angry": """
Katastrophe|Unterirdisch|Nie wieder!|Frechheit|Ein Witz|Saftladen|Unverschämt|Eine einzige Zumutung|Ohne Worte
Absolut indiskutabel|so einen Service habe ich noch nie erlebt, im schlechten Sinne|0 Punkte wären noch zu viel|😡😡
""",
    "nothing": "-|keine|k.A.|n/a|.|nichts|asdf|nein|--|xxx",
}

# Whole comments: tone, client (n, a or * for both), themes | text.
WHOLES = """
glad n friendliness,resolution | Hatte schon Angst vor dem Anruf, weil ich mit sowas nicht gut bin. Total unnötig, {agent} hat mir alles in Ruhe erklärt und nach {min_short} Minuten war es erledigt. Sowas gibt es also doch noch.
glad n competence,friendliness | {agent} kennt sich aus und bleibt dabei noch nett. Bitte Gehalt erhöhen :-)
glad n waiting_time,resolution | Anruf um {time}, drangekommen um {time}, fertig. Mehr will ich gar nicht
glad n friendliness | Moin, dat weer een feinen Snack mit de Deern an't Telefon. Bedankt ok!
glad n friendliness,communication | Mei, de Dame war so nett und hod ois guad erklärt. Vergelts Gott
glad n digital,processing_time | Online den Abschlag geändert, kurz angerufen weil ich unsicher war, passte alles. So muss das.
glad n contract,friendliness | Umzug nach der Trennung, alles Chaos, aber der Vertrag war das Einzige was problemlos ging. Danke für die netten Worte am Telefon.
glad * friendliness,resolution | Bin {years} Jahre Kunde und hatte heute das erste Mal ein Problem. Wurde freundlich und schnell geholfen, daher volle Punktzahl
glad a product_quality,delivery | {product} ist wunderschön!! Lieferung pünktlich, die zwei Herren haben sogar die Schuhe ausgezogen
glad a refund_goodwill,process | Rückgabe war so einfach dass ich gleich was Neues bestellt habe. Clever gemacht
glad a friendliness,communication | hab noch nie so ne nette mail vom kundenservice bekommen, musste echt lachen. grüße an {agent}!
glad a competence,product_quality | {agent} hat mir die Maße extra nachgemessen (!!) und ein Foto geschickt. Passt jetzt auf den Zentimeter in die Nische.
glad a waiting_time,resolution | chat auf, frage gestellt, antwort da, 4 min. läuft
glad a repeat_contact,resolution | Eine Mail, eine Antwort, Problem weg. So einfach kann es sein
content n resolution,waiting_time | Am Ende wurde mir geholfen, aber bis man mal jemanden erwischt... {min} Minuten sind schon happig.
content n friendliness,processing_time | Freundlich ja, schnell nein. In Summe trotzdem noch gut.
content n communication,resolution | Auskunft war gut, nur hätte ich gern vorher gewusst, dass man die Zählernummer braucht. Musste in den Keller, mit Krücken.
content n price,competence | Beratung kompetent, der neue Preis tut trotzdem weh.
content n automation,friendliness | Wenn man die Roboterstimme überlebt hat, ist es richtig nett bei [[Ihnen|euch]]
content a delivery,product_quality | Schönes Teil, aber {days} Tage später als angekündigt. Deshalb nicht die volle Punktzahl
content a digital,ordering | Sachen gut, Shop am Handy fummelig. Bestellt hab ich dann doch am Rechner
content a friendliness,refund_goodwill | Netter Kontakt, die Erstattung hätte schneller gehen können
content * resolution,communication | Hat geklappt, allerdings musste ich selber nachhaken. Eine kurze Zwischeninfo hätte gereicht.
content * waiting_time,competence | nachdem ich endlich jemanden hatte ging es fix und kompetent
mixed n waiting_time,friendliness | Mitarbeiter super, Warteschleife grausam. Was soll man da geben? Ich nehme die Mitte.
mixed n resolution,repeat_contact | Beim {nth} Mal hat es dann geklappt. Warum nicht gleich?
mixed n transfer,competence | Zwei konnten mir nicht helfen, die dritte schon. Glückssache eben
mixed n availability,communication | Kann ja mal ausfallen. Aber dann sagt man doch wenigstens Bescheid, wann es wieder geht.
mixed a delivery,friendliness | Der Service kann ja nichts für den Paketdienst und war nett. Die Lieferung selbst war trotzdem ein Trauerspiel
mixed a product_quality,price | ganz hübsch, aber für {amount} euro hätt ich mehr erwartet
mixed a process,friendliness | Nette Person, starre Regeln. Mehr als „tut mir leid“ durfte sie wohl nicht sagen
mixed * communication,processing_time | Weder schlimm noch toll. Es hat halt gedauert und keiner konnte sagen warum
unhappy n waiting_time,resolution | {min} Minuten gewartet und dann konnte man mir nicht mal helfen. Schade um den Vormittag.
unhappy n billing,communication | Ich verstehe die Rechnung nicht und nach dem Gespräch noch weniger. Vielleicht bin ich zu alt dafür, aber früher stand da eine Zahl und gut
unhappy n promise_kept,repeat_contact | Rückruf war für {weekday} zugesagt. Kam nicht. Selber angerufen, neue Mitarbeiterin, alles wieder von vorn. Das ist doch kein Service.
unhappy n availability,delivery | Techniker war da, hat fünf Minuten geguckt und ist wieder gefahren. Internet geht immer noch nicht.
unhappy n sales_pressure,resolution | Ich wollte eine Störung melden und sollte einen Stromvertrag abschließen. Die Störung habe ich immer noch
unhappy n price,contract | {years} Jahre treu gezahlt und dann werde ich schlechter gestellt als jeder Neukunde. Merke ich mir
unhappy a delivery,communication | Bestellt am {weekday}, zugesagt in 3 Tagen, jetzt sinds {days}. Info? Fehlanzeige.
unhappy a refund_goodwill,repeat_contact | Retoure längst angekommen, ich schreibe jetzt zum {nth} Mal wegen der {amount} Euro. Langsam wirds peinlich
unhappy a automation,resolution | erst bot, dann textbaustein, dann wieder bot. mein problem hat bis heute keiner gelesen
unhappy a product_quality,refund_goodwill | {product} kam mit Riss, als Lösung wurden mir 10 % Rabatt auf die nächste Bestellung angeboten. Es gibt keine nächste
unhappy a digital,ordering | Drei mal in der App bestellt, drei mal Fehler, am ende zwei mal abgebucht. muss man erst mal schaffen
unhappy * competence,transfer | Der eine sagt hü, der andere hott. Und ich steh dazwischen.
angry n waiting_time,friendliness | {min} Minuten!!! Und dann werde ich noch angepflaumt, warum ich nicht die App nehme. GEHTS NOCH
angry n billing,trust | Die Abrechnung ist falsch, das weiß jeder in [[Ihrem|eurem]] Haus, und trotzdem wird gemahnt. Das ist für mich Abzocke.
angry n availability,communication | Tolle Leistung: {days} Tage kein Internet, null Information, aber die Rechnung kommt pünktlich. Applaus.
angry n process,contract | Mein Mann ist im {month} verstorben und ich soll zum dritten Mal die Sterbeurkunde schicken. Schämen [[Sie sich|solltet ihr euch]].
angry n transfer,resolution | fünf leute, fünf meinungen, keine lösung. wofür zahle ich eigentlich
angry a delivery,trust | Zugestellt? An wen denn? Nachbar hat nix, ich hab nix, aber {amount} Euro sind weg. Sowas nenn ich Betrug
angry a refund_goodwill,processing_time | Seit {weeks} Wochen haltet ihr mein Geld zurück. {amount} € !!! Ich bin keine Bank
angry a automation,waiting_time | Herzlichen Glückwunsch zum dümmsten Chatbot Europas. Einen Menschen habe ich nie zu Gesicht bekommen
angry a product_quality,friendliness | {product} nach {weeks} Wochen kaputt und dann noch die Antwort ich hätte es falsch aufgebaut. Ich bin Tischler.
angry * repeat_contact,resolution | Zum {nth} Mal dasselbe Problem, zum {nth} Mal „wir kümmern uns“. Niemand kümmert sich!
"""

# Sentences that wake someone; put behind a comment.
SIGNALS = {
    "churn_risk": """
ich wechsle jetzt den Anbieter
die Kündigung ist schon unterwegs
zum nächsten Monat bin ich weg
nach {years} Jahren gehe ich jetzt zur Konkurrenz
das war meine letzte Bestellung bei [[Ihnen|euch]]
einen Kunden weniger [[haben Sie|habt ihr]] jetzt
""",
    "legal_threat": """
das geht jetzt an meinen Anwalt
ich gehe damit zur Verbraucherzentrale
wenn bis {weekday} nichts passiert, schalte ich einen Anwalt ein
die Schlichtungsstelle ist informiert
mal sehen, was die Zeitung dazu sagt
""",
    "praise_for_agent": """
ein dickes Lob an {agent_acc}
{agent} war einfach spitze
bitte {agent_acc} ein Lob ausrichten
ohne {agent_acc} wäre ich verzweifelt
solche Leute wie {agent_acc} braucht man
{agent} hat sich wirklich reingehängt
die Dame mit der ruhigen Stimme verdient ein Sonderlob
""",
    "score_begging": """
am Ende hieß es, ich soll bitte eine 5 geben
der Mitarbeiter meinte, nur die Bestnote zählt für ihn
mir wurde gesagt, bitte die volle Punktzahl geben, sonst gibt es Ärger
er hat ausdrücklich um eine gute Bewertung gebeten
""",
    "callback_wanted": """
bitte rufen [[Sie mich|mich]] zurück{phone_tail}
ich bitte um Rückruf{phone_tail}
Rückruf erwünscht{phone_tail}
wann kann ich mit einem Anruf rechnen?{phone_tail}
""",
    "vulnerable": """
ich bin auf ein Beatmungsgerät angewiesen und habe Angst
ich kann nicht mehr, das macht mich krank
mit zwei kleinen Kindern in der kalten Wohnung, verstehen [[Sie|ihr]] das
wegen meines Akzents wurde ich nachgeäfft
""",
}

# People type what nobody asked for; redaction has to find it. Numbers and addresses are from ranges kept for fiction.
IDENTITY = """
Kundennummer {customer_number}
meine Kundennr. ist {customer_number}
erreichbar bin ich unter {phone}
Tel. {phone}
meine Mail: {mail}
schreiben an {mail} geht auch
mein Name ist {customer_name}
Gruß {customer_name}
mit freundlichen Grüßen, {customer_name}
IBAN hatte ich schon geschickt, DE02 1203 0000 0000 2020 51
Auftrag Nr. {order_number}
"""

OPENERS = {
    "glad": "Hallo|Also|Ganz ehrlich|Muss man auch mal sagen|Wow|Kurz und knapp|Hut ab|Moin|Gerne mal ein Lob|Toll",
    "content": "Alles in allem gut|Im Prinzip|Hallo|Ganz ok|Grundsätzlich zufrieden|Ehrlich gesagt|Unterm Strich",
    "mixed": "Schwierig|Also|Hallo|Zwiespältig|Ehrlich gesagt|Na ja|Tja",
    "unhappy": "Leider|Schade|Also|Hallo|Ehrlich gesagt|Muss das sein|Guten Tag|Sorry",
    "angry": "Unglaublich|Hallo?!|Ich fasse es nicht|Also wirklich|Geht gar nicht|Echt jetzt|Guten Tag|Frechheit",
}
CLOSERS = {
    "glad": "Danke|Vielen Dank|Weiter so|Gern wieder|👍|🙂|Daumen hoch|Top|Dankeschön|LG",
    "content": "Danke trotzdem|Sonst gut|Weiter so|Rest passt|Ansonsten ok|Danke",
    "mixed": "Da geht noch was|Mal sehen|Ansonsten ok|Bitte dranbleiben|Naja",
    "unhappy": "Schade|Bitte ändern|So nicht|Traurig|Das geht besser|Sehr ärgerlich|Bin enttäuscht",
    "angry": "Eine Frechheit|Unmöglich|Es reicht|😡|Nie wieder|So geht man nicht mit Leuten um|Danke für nichts",
}
# How praise is followed by a complaint, and the other way round.
BUT = ", aber | - aber |, nur: | aber |. Allerdings: |, trotzdem: "
AND = ". |. |. |, |, und | und | - |... |! "

WORDS = {
    "month": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "weekday": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag",
    "nth": "zweiten dritten vierten fünften sechsten",
    "product": "das Sideboard|die Kommode|die Stehlampe|das Bettgestell|das Regal|die Leinenbettwäsche|das Sofa"
    "|die Pendelleuchte|das Besteckset|die Garderobe|das Nachtkästchen|die Sitzbank",
    "aproduct": "ein Regal|ein Bettgestell|ein Sofa|ein Besteckset|ein Sideboard",
    "carrier": "Magpie|Magpie Parcels",
}
