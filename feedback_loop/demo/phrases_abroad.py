"""What customers write who answer in Turkish, Polish or Arabic: short, as people write in a language few here read.

Pure data for `voices`, invented for the demo: by language and tone, one comment a line.
"""

COMMENTS: dict[str, dict[str, str]] = {
    "tr": {
        "angry": """
Yarım saat bekledim, kimse açmadı.
Üç kere aradım, her seferinde başka bir şey söylediler.
Rezalet, bir daha asla.
Fatura yine yanlış geldi ve kimse ilgilenmiyor!
iki haftadır sorunum çözülmedi
""",
        "unhappy": """
Çok uzun sürdü.
Beni geri arayacaklardı, aramadılar.
Net bir cevap alamadım.
Hatta uzun süre bekletildim, müzik de hep aynı.
Sorunum hâlâ tam çözülmedi
""",
        "mixed": """
Görevli kibardı ama sorun çözülmedi.
İdare eder.
Bekleme uzun, ama sonunda yardım ettiler.
ne iyi ne kötü
""",
        "content": """
Yardımcı oldular, teşekkürler.
İyiydi, biraz daha hızlı olabilirdi.
Sorunum çözüldü.
Gayet iyi, teşekkür ederim
""",
        "glad": """
Çok kibar bir hanımefendiydi, teşekkür ederim.
Hemen yardımcı oldular, süper!
Sorunum beş dakikada çözüldü.
çok memnun kaldım
Ellerinize sağlık.
""",
    },
    "pl": {
        "angry": """
Czekałem czterdzieści minut i nikt nie odebrał.
Skandal, sprawa nadal niezałatwiona.
Trzeci raz dzwonię w tej samej sprawie!
Rachunek znowu jest błędny
""",
        "unhappy": """
Za długo to trwało.
Ktoś miał oddzwonić i nic.
Nie dostałam jasnej odpowiedzi.
paczka przyszła za późno
""",
        "mixed": """
Pani miła, ale problem dalej jest.
Może być.
Długo czekałem, ale w końcu pomogli.
""",
        "content": """
Dobrze, choć mogłoby być szybciej.
Sprawa załatwiona, dziękuję.
wszystko w porządku
""",
        "glad": """
Bardzo miła i cierpliwa obsługa.
Szybko i konkretnie, polecam.
Świetna pomoc, dziękuję!
Wszystko załatwione od ręki
""",
    },
    "ar": {
        "angry": """
انتظرت نصف ساعة ولم يرد أحد.
اتصلت ثلاث مرات ولم تُحل المشكلة!
خدمة سيئة جداً
الفاتورة خاطئة للمرة الثانية.
""",
        "unhappy": """
استغرق الأمر وقتاً طويلاً.
وعدوني بالاتصال ولم يتصل أحد.
لم أحصل على جواب واضح
""",
        "mixed": """
الموظف لطيف لكن المشكلة لم تُحل.
لا بأس
انتظرت طويلاً لكنهم ساعدوني في النهاية.
""",
        "content": """
تم حل المشكلة، شكراً.
جيد، ولكن يمكن أن يكون أسرع.
خدمة جيدة
""",
        "glad": """
خدمة ممتازة وشكراً لكم.
الموظفة كانت لطيفة وصبورة جداً.
حلّوا المشكلة بسرعة، شكراً جزيلاً
""",
    },
}
