"""What the demo says in German."""

from typing import Final

from db.enums.activities import ActivityType
from db.enums.callbacks import CallbackRequestType
from resolvers.demo.words import Named, Script, Words
from resolvers.demo.words.german_calls import DIALOGUES

GERMAN: Final = Words(
    job_titles={
        "SUPER_ADMIN": "Geschäftsführung",
        "INSURANCE_PROVIDER_ADMIN": "Betriebsleitung",
        "REGIONAL_MANAGER": "Regionalleitung",
        "SENIOR_AGENT": "Leitende Versicherungsberatung",
        "JUNIOR_AGENT": "Versicherungsberatung",
        "SUPPORT_STAFF": "Kundendienst",
    },
    agent_titles=("Regionalleitung", "Leitende Versicherungsberatung", "Versicherungsberatung"),
    professions=(
        *("Apotheker", "Architektin", "Bäckerin", "Buchhalter", "Elektriker", "Ingenieurin", "Krankenpfleger"),
        *("Landwirt", "Lehrerin", "Physiotherapeutin", "Softwareentwickler", "Tischler", "Zahnärztin"),
    ),
    positions=("Personalleitung", "Geschäftsführung", "Inhaberin", "Werksleitung", "Büroleitung", "Einkaufsleitung"),
    industries=(
        *("Maschinenbau", "Logistik", "Lebensmittel", "Pflege", "Metall", "Software", "Einzelhandel"),
        *("Bau", "Gastgewerbe", "Gartenbau"),
    ),
    tags=("familie", "empfehlung", "selbständig", "neubau", "senior", "papierlos", "vip"),
    contact_notes=(
        "Bitte nur nach 18 Uhr anrufen.",
        "Kam über eine Kollegin; möchte alles per E-Mail.",
        "Kümmert sich auch um die Verträge der Eltern.",
        "Wünscht die Unterlagen in großer Schrift.",
    ),
    educations=("Mittlere Reife", "Abitur", "Bachelor", "Master"),
    teams=(
        Named("Vertrieb", "Gewinnt neue Kunden und betreut die, die wir haben."),
        Named("Vertragsverlängerung", "Sorgt dafür, dass kein Vertrag unbemerkt ausläuft."),
        Named("Schaden und Service", "Hilft bei Schäden, Änderungen und Beschwerden."),
    ),
    queues=(
        Named("Dringende Anliegen", "Probleme mit Verträgen und Schäden, das Dringendste zuerst."),
        Named("Beiträge und Verlängerungen", "Alles rund um Beiträge, das Älteste zuerst."),
        Named("Allgemeine Fragen", "Was Kunden sonst fragen, reihum an alle."),
    ),
    pipelines=(
        Named("Neugeschäft", "Vom ersten Gespräch bis zum unterschriebenen Vertrag."),
        Named("Verlängerungen", "Verträge, die bald enden, ins nächste Jahr gebracht."),
    ),
    extras=(
        ("RABATT", "Rabattschutz"),
        ("INDEX", "Anpassung an die Preise"),
        ("HILFE", "Notruf rund um die Uhr"),
    ),
    sales_stages=(
        "Anfrage",
        "Bedarf ermittelt",
        "Angebot verschickt",
        "Unterlagen vollständig",
        "Gewonnen",
        "Verloren",
    ),
    renewal_stages=("Bald fällig", "Angebot verschickt", "Zugesagt", "Verlängert", "Nicht verlängert"),
    sale_title="{product} für {name}",
    group_title="Betriebliche Absicherung für {name}",
    renewal_title="Verlängerung {policy} für {name}",
    lead_sources=("Empfehlung", "Webseite", "Laufkundschaft", "Sprachassistent", "Vortrag", "Soziale Medien"),
    competitors=("die Hausbank", "ein Vergleichsportal", "der bisherige Makler"),
    next_steps=(
        "Vergleich der drei Tarife schicken.",
        "Gesundheitsfragen klären.",
        "Nach dem Urlaub noch einmal anrufen.",
        "Unterschriebenen Antrag abholen.",
        "Wartezeit mit dem Versicherer klären.",
    ),
    won_reasons=("Bestes Verhältnis von Preis und Leistung", "Vertrauen zur Beratung", "Schnelle Schadenregulierung"),
    lost_reasons=("Beitrag zu hoch", "Anderer Versicherer", "Auf nächstes Jahr verschoben", "Nicht mehr erreichbar"),
    move_notes=("", "", "Am Telefon besprochen.", "Per E-Mail und Post verschickt."),
    subjects={
        ActivityType.CALL: ("{name} wegen {product} anrufen", "{name} nach fehlenden Unterlagen fragen"),
        ActivityType.EMAIL: ("Angebot {product} an {name}", "Adressänderung bestätigen"),
        ActivityType.MEETING: ("Termin bei {name} zu Hause", "Jahresgespräch mit {name}"),
        ActivityType.TASK: ("Antrag von {name} prüfen", "Vergleich für {name} vorbereiten"),
        ActivityType.NOTE: ("{name} erwartet im Frühjahr das zweite Kind", "{name} zieht um"),
        ActivityType.DEMO: ("{name} das Kundenportal zeigen",),
        ActivityType.PROPOSAL: ("{product} bei {name} vorstellen",),
        ActivityType.FOLLOW_UP: ("Bei {name} wegen {product} nachfassen",),
        ActivityType.OTHER: ("Geburtstagsgruß an {name}",),
    },
    outcomes=(
        "Interessiert, möchte darüber schlafen.",
        "Einverstanden, es geht weiter.",
        "Wünscht einen niedrigeren Beitrag.",
        "Unterlagen sind da.",
        "Alles geklärt.",
    ),
    cancelled_activity="Nicht mehr nötig.",
    numbers=("Zentrale", "Verlängerungen", "Schaden", "Filiale"),
    scripts=(
        Script(
            "Asha, Zentrale",
            "Nimmt jeden Anruf an, nennt Beiträge und Fälligkeiten und sagt Rückrufe zu.",
            "Du bist Asha, die freundliche Stimme eines Versicherungsmaklers. Finde heraus, was der Anrufer braucht, "
            "antworte aus seinen Verträgen, rate nie Beträge, und biete im Zweifel einen Rückruf an.",
            ("Erste Fassung.", "Bietet den Rückruf von selbst an.", "Kürzere Begrüßung, in Erprobung."),
        ),
        Script(
            "Jonas, Verlängerungen",
            "Ruft Kunden an, deren Vertrag bald endet oder deren Beitrag offen ist.",
            "Du bist Jonas. Du erinnerst höflich und in höchstens zwei Minuten an eine Verlängerung oder einen "
            "offenen Beitrag. Dränge niemanden, und halte fest, was zugesagt wird.",
            ("Erste Fassung.", "Erinnert auch an offene Beiträge.", "Fragt nach dem Grund einer Kündigung."),
        ),
        Script(
            "Maya, Schaden",
            "Nimmt Schäden auf und sagt, wie weit ein Schaden bearbeitet ist.",
            "Du bist Maya. Wer dich anruft, hat einen schlechten Tag: sei ruhig und kurz. Nimm auf, was wann und wo "
            "geschehen ist, und sage zu, dass ein Mensch zurückruft.",
            ("Erste Fassung.", "Kennt auch Kfz-Schäden.", "Schickt die Liste der Unterlagen per SMS."),
        ),
    ),
    dialogues=DIALOGUES,
    callbacks={
        CallbackRequestType.POLICY_ISSUE: (
            "Der Name im Vertrag {policy} ist falsch geschrieben und muss berichtigt werden.",
            "{name} hat den Versicherungsschein zu {product} nicht bekommen.",
        ),
        CallbackRequestType.PAYMENT_PROBLEM: (
            "Der Beitrag zu {policy} wurde diesen Monat doppelt abgebucht.",
            "Die Lastschrift zu {policy} ist zurückgekommen.",
        ),
        CallbackRequestType.CLAIM_ASSISTANCE: (
            "{name} braucht Hilfe beim Schadenformular zu {policy} ({product}).",
            "{name} wartet auf die Antwort des Versicherers zum Schaden unter {policy}.",
        ),
        CallbackRequestType.GENERAL_INQUIRY: (
            "{name} möchte wissen, was {product} für die ganze Familie kostet.",
            "{name} fragt, wie man die bezugsberechtigte Person ändert.",
        ),
        CallbackRequestType.FEEDBACK: (
            "{name} möchte sich bedanken und sagt, dass sich die App zu oft abmeldet.",
            "{name} ist verärgert, weil letzte Woche niemand zurückrief.",
        ),
        CallbackRequestType.SUGGESTION: ("{name} schlägt Erinnerungen per WhatsApp statt E-Mail vor.",),
        CallbackRequestType.OTHER: ("{name} bittet um einen Anruf und hat keinen Grund genannt.",),
    },
    resolutions={
        CallbackRequestType.POLICY_ISSUE: "Mit dem Versicherer berichtigt; der neue Schein kam per E-Mail.",
        CallbackRequestType.PAYMENT_PROBLEM: "Zahlung gefunden, die doppelte Abbuchung wird erstattet.",
        CallbackRequestType.CLAIM_ASSISTANCE: "Formular gemeinsam ausgefüllt und eingereicht.",
        CallbackRequestType.GENERAL_INQUIRY: "Erklärt und ein Angebot per E-Mail geschickt.",
        CallbackRequestType.FEEDBACK: "Zugehört, entschuldigt und weitergegeben.",
        CallbackRequestType.SUGGESTION: "Bedankt und weitergegeben.",
        CallbackRequestType.OTHER: "Am Telefon geklärt.",
    },
    cancellations=("Hat sich in der App erledigt.", "Doppelt angefragt: siehe die andere Anfrage."),
    ratings={5: "Schnell und freundlich.", 4: "Gute Hilfe, etwas spät.", 3: "Zwei Anrufe nötig.", 2: "Zu langsam."},
    attempts=("Niemand ging ans Telefon.", "Erreicht und besprochen.", "Besetzt."),
    withdrawn="Hat anderswo abgeschlossen.",
    rejected="Die Gesundheitsprüfung fiel negativ aus.",
    requested="Die versicherte Sache wurde verkauft.",
)
