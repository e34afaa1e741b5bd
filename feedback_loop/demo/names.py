"""Whom the demo's customers are drawn from: names by origin, languages, forms of address and number. Pure data.

NAMES: origin -> given names, family names. ORIGINS: client -> language -> origin -> weight. PHONES are from the ranges
that the Bundesnetzagentur and Ofcom keep for fiction.
"""

NAMES = {
    "de": (
        "Anke Bernd Carola Dieter Elke Frauke Gerd Heike Ingo Jutta Kai Lore Maike Norbert Olaf Petra Ralf Silke "
        "Torsten Uta Volker Wiebke Jörg Käthe Günter Sören Annelie Bjarne",
        "Ahlers Behrens Cordes Dierks Eggers Feddersen Grote Hinrichs Jansen Kröger Lührs Möhring Nissen Oltmanns "
        "Paulsen Quast Rohde Stüve Tietjen Uphoff Vogt Wessels Weiß Groß Schönfeld Bäumer",
    ),
    "tr": (
        "Elif Cem Derya Emre Gül Hakan Selin Orhan Nur Volkan",
        "Aksoy Bulut Çetin Doğan Erdem Güneş Kılıç Öztürk Şimşek",
    ),
    "pl": (
        "Agnieszka Bartosz Ewa Grzegorz Kasia Marek Zofia Tomasz",
        "Baran Duda Gajewski Lis Mazur Sikora Wójcik Żak",
    ),
    "sl": (
        "Oksana Dmytro Ivana Nikola Milena Goran Jelena Taras",
        "Bondar Horvat Jurić Koval Melnyk Petrović Savić",
    ),
    "ar": ("Amal Bilal Dina Faris Hanan Karim Lina Omar", "Darwish Fakhoury Haddad Khalil Mansour Nasser Saleh"),
    "vn": ("Anh Bao Huong Linh Minh Thao", "Dang Le Nguyen Pham Tran Vo"),
    "it": ("Chiara Dario Elena Gino Paola Rocco", "Bianchi Conte Ferrara Greco Moretti Sorrentino"),
    "uk": (
        "Abigail Barry Colin Daisy Edith Freddie Gemma Harriet Imogen Jonty Kirsty Lewis Maureen Nigel Olive Poppy "
        "Rhys Siobhán Trevor Una",
        "Ashworth Barnaby Cartwright Dunmore Ellery Fairweather Goodall Hargreaves Inskip Kettleby Langford "
        "Merriweather Norcott Osgood Pemberton Quinn Rowntree Sedgwick Thistlewood O'Hara",
    ),
    "in": (
        "Anjali Deepak Gita Harpreet Kavita Manoj Neha Rohan Sunita Vikram",
        "Bhatt Chawla Gill Iyer Kapoor Menon Sandhu Verma",
    ),
    "af": ("Abena Chidi Efua Folake Kwesi Nneka Tunde Yaw", "Adjei Balogun Danso Okafor Owusu Sowande"),
}
ORIGINS = {
    "nordheim": {"de": {"de": 66, "tr": 11, "pl": 7, "sl": 6, "ar": 4, "vn": 3, "it": 3},
                 "en": {"in": 35, "uk": 25, "af": 25, "ar": 15}, "tr": {"tr": 1}, "pl": {"pl": 1}, "ar": {"ar": 1}},
    "alderfinch": {"de": {"de": 72, "tr": 7, "pl": 6, "it": 6, "sl": 5, "vn": 4},
                   "en": {"uk": 68, "in": 14, "af": 9, "pl": 5, "it": 4}, "tr": {"tr": 1}, "pl": {"pl": 1},
                   "ar": {"ar": 1}},
}  # fmt: skip
LANGUAGE_SHARE = {
    "nordheim": {"de": 89, "en": 8, "tr": 2, "ar": 1},
    "alderfinch": {"en": 54, "de": 43, "pl": 2, "tr": 1},
}
LOCALES = {
    "de": {"de": 86, "de-AT": 7, "de-CH": 4, "": 3},
    "en": {"en-GB": 70, "en": 27, "": 3},
    "tr": {"tr": 1},
    "pl": {"pl-PL": 1},
    "ar": {"ar": 1},
}
NO_ADDRESS = {"nordheim": 0.12, "alderfinch": 0.02}
BROKEN_ADDRESSES = ("unbekannt", "n/a", "keine", "{slug}@", "{slug}(at)example.org", "{first} {last}@example.com")
PHONES = {
    "de": ("030 23125 {0:03d}", "069 90009-{0:03d}", "040 66969 {0:03d}", "+49 221 4710{0:03d}", "089/99998{0:03d}"),
    "en": ("07700 900{0:03d}", "020 7946 0{0:03d}", "0161 496 0{0:03d}", "+44 7700 900{0:03d}"),
}
