"""Responses for IFEval's instructions, all made here: some that follow, some that break at the threshold, some that look for trouble.

    for response in responses_for(instruction_id, kwargs, random.Random(0)): ...
"""

SENTENCES = """The garden was quiet that morning.
Nobody had told Dr. Brown about it!
Would you believe that it cost $3.50 at 5 p.m.?
We waited... Then the door opened.
"Stop," she said. "You can't do that."
He lives in the U.S. The weather there is warm.
They moved to the U.S. in Jan. 1999, i.e. long ago.
Mr. J. Smith and Mrs. K. The second one laughed.
It weighs approx. 3.5 kg (see Fig. 2), e.g. a cat.
See section 4. Then go on to no. 5.
1. buy milk
2. Sell bread.
I met A. B. Carter at Inc. Magazine's office etc. Nothing came of it.
What?! No way!!! Yes...
She said: 'Never again.' And left.
(That was all.) Nothing else happened.
The U.N. Security Council met on Feb. 3. It failed.
Visit www.example.com. It is down.
A well-known fact, isn't it? I'd've thought so.
The end . . . of the story.
Prof. Lee vs. Prof. Kim: who won?
I do n't know, gonna find out, cannot wait.
NASA and the FBI said HELLO to R&D.
She is from St. Louis, Mo. and likes No. 1.
"Is it?" he asked. "It is."
Well-paid jobs... the best of Sept. Many came.
He paid 5. Later he paid 6.
x. y. z.
Ph.D. students read. M. Curie did too.
Mich. and Wis. are states. Ok. Fine.""".split("\n")

# A paragraph or two in each language that the data ask for, and in some that are near to them. Written for this test.
LANGUAGES = {
    "en": "The children walked slowly along the river and talked about the long summer that lay before them. Their mother had packed bread and apples for everyone.",
    "ta": "குழந்தைகள் ஆற்றின் கரையில் மெதுவாக நடந்து சென்றார்கள். அவர்களுடைய அம்மா எல்லோருக்கும் ரொட்டியும் பழங்களும் கொடுத்தார்.",
    "sw": "Watoto walitembea polepole kando ya mto na kuzungumza kuhusu likizo ndefu. Mama yao alikuwa amewapa wote mkate na matunda ya kula njiani.",
    "bg": "Децата вървяха бавно край реката и говореха за дългото лято, което ги очакваше. Майка им беше приготвила хляб и ябълки за всички.",
    "pt": "As crianças caminhavam devagar ao longo do rio e falavam do longo verão que tinham pela frente. A mãe delas tinha preparado pão e maçãs para todos.",
    "de": "Die Kinder gingen langsam am Fluss entlang und sprachen über den langen Sommer, der vor ihnen lag. Ihre Mutter hatte für alle Brot und Äpfel eingepackt.",
    "fi": "Lapset kävelivät hitaasti joen vartta ja puhuivat pitkästä kesästä, joka oli heidän edessään. Heidän äitinsä oli pakannut kaikille leipää ja omenoita.",
    "pa": "ਬੱਚੇ ਨਦੀ ਦੇ ਕੰਢੇ ਹੌਲੀ ਹੌਲੀ ਤੁਰ ਰਹੇ ਸਨ ਅਤੇ ਲੰਬੀਆਂ ਛੁੱਟੀਆਂ ਬਾਰੇ ਗੱਲਾਂ ਕਰ ਰਹੇ ਸਨ। ਉਨ੍ਹਾਂ ਦੀ ਮਾਂ ਨੇ ਸਾਰਿਆਂ ਲਈ ਰੋਟੀ ਬਣਾਈ ਸੀ।",
    "kn": "ಮಕ್ಕಳು ನದಿಯ ದಡದಲ್ಲಿ ನಿಧಾನವಾಗಿ ನಡೆಯುತ್ತಾ ಬೇಸಿಗೆಯ ರಜೆಯ ಬಗ್ಗೆ ಮಾತನಾಡುತ್ತಿದ್ದರು. ಅವರ ತಾಯಿ ಎಲ್ಲರಿಗೂ ರೊಟ್ಟಿ ಮತ್ತು ಹಣ್ಣುಗಳನ್ನು ಕೊಟ್ಟಿದ್ದರು.",
    "th": "เด็กๆ เดินช้าๆ ไปตามริมแม่น้ำและคุยกันเรื่องปิดเทอมที่ยาวนาน แม่ของพวกเขาเตรียมขนมปังและผลไม้ให้ทุกคน",
    "gu": "બાળકો નદીના કિનારે ધીમે ધીમે ચાલતા હતા અને લાંબી રજાઓ વિશે વાત કરતા હતા. તેમની માતાએ બધા માટે રોટલી અને ફળ બનાવ્યાં હતાં.",
    "vi": "Bọn trẻ đi chậm rãi dọc theo bờ sông và nói chuyện về mùa hè dài đang chờ đợi. Mẹ của chúng đã chuẩn bị bánh mì và táo cho tất cả mọi người.",
    "fa": "بچه‌ها آهسته در کنار رودخانه راه می‌رفتند و درباره تابستان طولانی که در پیش داشتند حرف می‌زدند. مادرشان برای همه نان و سیب آماده کرده بود.",
    "ko": "아이들은 강가를 따라 천천히 걸으며 다가올 긴 여름에 대해 이야기했다. 어머니는 모두를 위해 빵과 사과를 준비해 주셨다.",
    "bn": "শিশুরা নদীর তীর ধরে ধীরে ধীরে হাঁটছিল এবং দীর্ঘ ছুটির কথা বলছিল। তাদের মা সবার জন্য রুটি আর ফল দিয়েছিলেন।",
    "ar": "كان الأطفال يمشون ببطء على ضفة النهر ويتحدثون عن الصيف الطويل الذي ينتظرهم. وكانت أمهم قد أعدت الخبز والتفاح للجميع.",
    "it": "I bambini camminavano lentamente lungo il fiume e parlavano della lunga estate che li aspettava. La loro madre aveva preparato pane e mele per tutti.",
    "hi": "बच्चे नदी के किनारे धीरे धीरे चल रहे थे और लंबी छुट्टियों के बारे में बातें कर रहे थे। उनकी माँ ने सबके लिए रोटी और फल रखे थे।",
    "te": "పిల్లలు నది ఒడ్డున నెమ్మదిగా నడుస్తూ సెలవుల గురించి మాట్లాడుకున్నారు. వాళ్ళ అమ్మ అందరికీ రొట్టెలు, పండ్లు ఇచ్చింది.",
    "ru": "Дети медленно шли вдоль реки и говорили о долгом лете, которое ждало их впереди. Их мать приготовила для всех хлеб и яблоки.",
    "mr": "मुले नदीच्या काठावर हळूहळू चालत होती आणि लांब सुट्टीबद्दल बोलत होती. त्यांच्या आईने सगळ्यांसाठी भाकरी आणि फळे दिली होती.",
    "ur": "بچے دریا کے کنارے آہستہ آہستہ چل رہے تھے اور لمبی چھٹیوں کے بارے میں باتیں کر رہے تھے۔ ان کی ماں نے سب کے لیے روٹی اور پھل رکھے تھے۔",
    "ne": "केटाकेटीहरू नदीको किनारमा बिस्तारै हिँड्दै थिए र लामो बिदाको बारेमा कुरा गर्दै थिए। उनीहरूकी आमाले सबैका लागि रोटी र फलफूल राखिदिएकी थिइन्।",
    "es": "Los niños caminaban despacio por la orilla del río y hablaban del largo verano que tenían por delante. Su madre había preparado pan y manzanas para todos.",
    "fr": "Les enfants marchaient lentement le long de la rivière et parlaient du long été qui les attendait. Leur mère avait préparé du pain et des pommes pour tous.",
    "nl": "De kinderen liepen langzaam langs de rivier en praatten over de lange zomer die voor hen lag. Hun moeder had voor iedereen brood en appels ingepakt.",
    "uk": "Діти повільно йшли вздовж річки і говорили про довге літо, що чекало на них попереду. Їхня мати приготувала для всіх хліб і яблука.",
    "mk": "Децата полека одеа покрај реката и зборуваа за долгото лето што ги чекаше. Нивната мајка беше подготвила леб и јаболка за сите.",
    "pl": "Dzieci szły powoli wzdłuż rzeki i rozmawiały o długim lecie, które na nie czekało. Ich matka przygotowała dla wszystkich chleb i jabłka.",
    "ja": "子供たちは川沿いをゆっくり歩きながら、これから始まる長い夏休みについて話していた。お母さんはみんなのためにパンとりんごを用意してくれた。",
    "zh-cn": "孩子们沿着河边慢慢地走着，谈论着即将到来的漫长夏天。他们的母亲为每个人都准备了面包和苹果。",
}

EDGES = ["", " ", "\n\n\n", "\t \r\n", "　", " ", "​", "a", ".", "...", "!?", "*", "**", "***", "******", "-", "- ", "\n-\n-\n", "*\n*\n* a", "[", "]", "[]", "[\n]", "[[a]", "<<>>", "<<<>>>", "<< >>",
         "<<a>", "<<a\n>>", '"', '""', '" "', "'", "“a”", "```", "``````", "```json```", "P.S.", "p. s.", "P.P.S", "p.p s", "1", "١٢٣ ٤", "é", "É", "ÉCOLE", "ſ", "İ", "ıI", "K", "ΑΣ", "Σ", "ǅ", "ª", "Ⅷ", "ⅷ", "𝐀𝐁", "ＡＢ",
         "😀", "😀 OK 👍🏽", "‏مرحبا‏", "﻿{}", "\0", "a\0b", "\x1c\x1d", "a\u2028b", "a\x85b", "na\u0308ive", "Straße STRASSE", "ﬁ", "日本語。テスト！", "a" * 5000, "A " * 3000, ". " * 2000, "a. " * 2000, "*" * 3000, "[" * 3000, "\n" * 3000,
         "- \n" * 500, "* \n" * 500, '"' * 500, "1. a\n" * 200, "{" * 900, "[" * 900 + "]" * 900, "'" * 300, "x' " * 300, "don't CAN'T " * 50, "--- a --", ". . . . .", "a.b.c. D.", "e.g. This", "http://x.y/z?a=b foo@bar.com",
         "MY ANSWER IS NO.", "My answer is no", "  My answer is maybe.  ", "Answer: My answer is yes. I think", "NaN", "-Infinity", "[1,]", '{"a":1,}', '{"a" :\n1}', "01", "1.", "-", "1e5", "1E", "+1", '"\\u12g4"', '"\\ud800"',
         '"a\tb"', '"a\\tb"', "tru", "true", "null ", "[true,false,null]", "{'a': 1}", '{"a":{"b":[{}]}}', "1" * 4300, "1" * 4301, "-" + "1" * 4300, "1" * 5000 + ".0", '{"a":1}{"b":2}', '"\x7f\x80"', "[1 2]", '{"a"}', '{1:2}', "﻿1"]

PIECES = ["***", "**", "*", "* ", "- ", "-", "[name]", "[", "]", "<<", ">>", "<<Title>>", "P.S. ", "p.s.", "P.P.S ", "P.P.S. ", "******", "\n", "\n\n", "\n\n\n", " ", "  ", "\t", "Section 1", "SECTION 2", "Day 3", "PARAGRAPH 1", "Audience 2", "section 3", "Section",
          '"', "'", "``", "''", ",", ".", "...", "!", "?", ":", ";", "(", ")", "{", "}", "```", "```json\n", "1", "12", "٣", "a", "I", "OK", "U.S.", "NASA", "don't", "DON'T", "CANNOT", "R&D", "A/B", "well-known", "WELL-KNOWN", "hello", "World", "é", "É",
          "ſ", "İ", "K", "—", "–", "…", "“", "”", "’", "«", "»", "My answer is yes.", "*bold*", "**bold**", "* item", "- item", "the", "The end.", "Dr. ", "e.g. ", "J. ", "etc. ", "No. 5", "3.5", "\r\n", "\u2028", "。", "！", "word ", "words, "]


def sentences(n, rng):
    return " ".join(rng.choice(SENTENCES) for _ in range(n))


def words(n, rng):
    return " ".join(rng.choice(["tree", "water", "light", "it's", "co-op", "Zürich", "42", "x_y", "naïve", "über-all"]) for _ in range(n))


def around(n):
    return [k for k in (n - 1, n, n + 1) if k >= 0]


def made_for(name, kwargs, rng):
    """At the threshold and around it."""
    k = {key: value for key, value in kwargs.items() if value}
    if name == "keywords:existence":
        every = " ".join(k["keywords"])
        yield from (every, every.upper(), every.title(), sentences(3, rng) + every, sentences(3, rng), "x".join(k["keywords"]), every.replace("i", "ı").replace("s", "ſ").replace("k", "K"))
        for left_out in k["keywords"]:
            yield sentences(2, rng) + " " + " ".join(w for w in k["keywords"] if w != left_out)
    elif name == "keywords:frequency":
        for n in around(k["frequency"]):
            yield (k["keyword"] + " and ") * n + sentences(1, rng)
            yield k["keyword"].upper() * n
            yield (k["keyword"].title() + "s. ") * n
    elif name == "keywords:forbidden_words":
        for w in k["forbidden_words"]:
            for form in (w, w.upper(), w + "s", "un" + w, f"({w})", f"_{w}", f"{w}_", f"-{w}-", f"é{w}", f"{w}é", f"{w}'s", f"1{w}", f"{w}\u0301", w.replace("s", "ſ")):
                yield sentences(1, rng) + " " + form + " end"
        yield sentences(4, rng)
    elif name == "keywords:letter_frequency":
        for n in around(k["let_frequency"]):
            for letter in (k["letter"], k["letter"].upper()):
                yield (letter + " ") * n
                yield "xyz ".replace(k["letter"], "") * 3 + letter * n
        yield "İİİİİİKKKK" + k["letter"]
    elif name == "language:response_language":
        for code, text in LANGUAGES.items():
            yield text
            yield text.split(".")[0]
        own = LANGUAGES.get(k["language"], "")
        yield from (own + "\n\n" + LANGUAGES["en"], own[:20], own + " http://example.com/" + "a" * 50 + " me@example.com", LANGUAGES["en"] * 2 + own, "12345", "!!!", own.upper(), f"**{own}**\n\n- {own}")
    elif name == "length_constraints:number_sentences":
        for n in around(k["num_sentences"]):
            yield sentences(n, rng)
            yield "Yes. " * n
            yield "\n".join(f"{i + 1}. Do this now." for i in range(max(1, n // 2)))
            yield "\n".join(f"- Item {i} is good" for i in range(n)) + "."
            yield "So it was... " * n
    elif name == "length_constraints:number_paragraphs":
        for n in around(k["num_paragraphs"]):
            for mark in ("\n***\n", "***", " *** ", "\n\n***\n\n", "\n* * *\n", "****", "\n***\n***\n"):
                yield mark.join(sentences(1, rng) for _ in range(n))
            yield "***\n" + "\n***\n".join(sentences(1, rng) for _ in range(n)) + "\n***"
    elif name == "length_constraints:number_words":
        for n in around(k["num_words"]):
            yield words(n, rng)
            yield "a " * n
            yield "word-word " * (n // 2)
    elif name == "length_constraints:nth_paragraph_first_word":
        for n in around(k["num_paragraphs"]):
            for first in (k["first_word"], k["first_word"].title(), '"' + k["first_word"].upper() + '"', "'\"" + k["first_word"], "\"'" + k["first_word"], k["first_word"] + ", then", k["first_word"] + "s", "**" + k["first_word"], k["first_word"] + "-x", "the"):
                for gap in ("\n\n", "\n\n\n", "\n\n\n\n", "\n \n"):
                    paragraphs = [sentences(1, rng) for _ in range(n)]
                    if len(paragraphs) >= k["nth_paragraph"]:
                        paragraphs[k["nth_paragraph"] - 1] = first + " follows here."
                    yield gap.join(paragraphs)
        yield "\n\n" + k["first_word"]
    elif name == "detectable_content:number_placeholders":
        for n in around(k["num_placeholders"]):
            yield "[name] " * n
            yield "[a [b] " * n
            yield "[a\nb] [] " * n
    elif name == "detectable_content:postscript":
        for mark in ("P.S.", "p.s.", "P. S.", "P.S", "PS", "P.P.S", "P.P.S.", "P. P. S", "P. P.S.", "P.\nS.", "p.p.s", "P..S.", "P.  S."):
            yield sentences(2, rng) + "\n\n" + mark + " One more thing."
            yield mark
    elif name == "detectable_format:number_bullet_lists":
        for n in around(k["num_bullets"]):
            for bullet in ("* ", "- ", "*", "-", "  * ", "\t- ", "** ", "*** ", "*-", "• ", "1. ", "*\n", "-\n", "\n\n* ", "*  *"):
                yield "Intro:\n" + "\n".join(f"{bullet}item {i}" for i in range(n))
            yield "\n".join(("* a", "- b")[i % 2] for i in range(n)) + "\n---\n"
    elif name == "detectable_format:number_highlighted_sections":
        for n in around(k["num_highlights"]):
            for mark in ("*{}*", "**{}**", "***{}***", "* {} *", "** {} **", "*{}\n*", "* *", "_{}_", "*{}**", "**{}*", "`{}`"):
                yield " ".join(mark.format(f"part {i}") for i in range(n))
                yield "\n".join("* " + mark.format(f"part {i}") for i in range(n))
    elif name == "detectable_format:multiple_sections":
        for n in around(k["num_sections"]):
            for form in ("{} {}", "{}{}", "{}\n{}", "{}  {}", "**{} {}**", "{} {}:", "{} #{}", "{} ٣{}"):
                yield "\n".join(form.format(k["section_spliter"], i + 1) + "\n" + sentences(1, rng) for i in range(n))
            yield "\n".join(f"{k['section_spliter'].lower()} {i}" for i in range(n))
    elif name == "detectable_format:title":
        yield from ("<<A title>>\n\n" + sentences(2, rng), "text <<x>> text <<", "<<>>", "<<<a>>>", "<<a>> <<b>>", "< <a> >", "<<\n>>", "<< >> <<a>>", "«a»", "<<a>>>>", "<<<<>>>>", "a>> <<b", "<<-->>", "<<>><<a>>")
    elif name == "combination:two_responses":
        a, b = sentences(1, rng), sentences(2, rng) + " x"
        yield from (f"{a}\n******\n{b}", f"{a}******{b}", f"{a}\n******\n{a}", f"{a}\n*****\n{b}", f"{a}\n*******\n{b}", f"******\n{a}\n******\n{b}\n******", f"{a}\n******\n\n******\n{b}", a, f"{a}\n************\n{b}", f"{a}\n******\n{b}\n******\n{a}", f" {a}******{a} ")
    elif name == "combination:repeat_prompt":
        p = k["prompt_to_repeat"]
        yield from (p, p + "\n\n" + sentences(2, rng), "  " + p.upper() + " Yes.", "Sure! " + p, p[:-1], p.lower() + "?", '"' + p + '"', p.replace(" ", "  "), p.replace("\n", " "), "\n" + p)
    elif name == "startend:end_checker":
        e = k["end_phrase"]
        yield from (sentences(2, rng) + " " + e, sentences(1, rng) + " " + e.upper() + "  \n", e, e + " Bye.", '"' + sentences(1, rng) + e + '"', e + '""', e + ' "', e[:-1], "'" + e + "'", "**" + e + "**", e + '"\n"')
    elif name == "change_case:capital_word_frequency":
        for n in around(k["capital_frequency"]):
            for form in ("WORD", "Word", "A", "U.S.A.", "DON'T", "WELL-KNOWN", "R&D", "\"YES\"", "GO!", "I", "ÄÖ", "NO.", "IT'S", "(OK)", "X:Y", "CANNOT", "A,B", "B2B", "5G", "'TIS", "#TAG", "**BOLD**", "THE 'BEST'", "GIMME", "WANNA", "J. K. ROWLING", "'TWAS", "MORE'N"):
                yield " and ".join([form] * n) + " end."
                yield sentences(1, rng) + " " + (form + ". ") * n
    elif name in ("change_case:english_capital", "change_case:english_lowercase"):
        for n in (1, 2, 3, 6, 10, 20):
            for _ in range(4):
                text = sentences(n, rng)
                yield from (text.upper(), text.lower(), text, text.upper() + " ß", text.lower() + " É")
        for text in LANGUAGES.values():
            yield from (text.upper(), text.lower())
        yield from ("OK", "ok", "123", "123 A", "a1", "HELLO THERE", "hello there, my friend", "HELLO 😀 ÀÉ", "ǅ", "ª", "ⅷ", "Ⅷ")
    elif name == "punctuation:no_comma":
        yield from (sentences(3, rng), sentences(3, rng).replace(",", ""), "a，b", "a、b", "a؛b،c", "1,000")
    elif name == "startend:quotation":
        t = sentences(2, rng)
        yield from (f'"{t}"', f' "{t}"\n', f'"{t}', f"“{t}”", f"'{t}'", f'""{t}""', f'"{t}".', '"a" and "b"')
    elif name == "detectable_format:json_format":
        for body in ('{"a": 1, "b": [1, 2.5, -3e+2, null, true, "x\\n\\u00e9"]}', "[]", "{}", '"text"', "12", "{'a': 1}", '{"a": 1', "[1, 2,]", '{"a": NaN}', sentences(1, rng), "[" * 200 + "]" * 200, '{"a": "line\nbreak"}', '{"a":1} // no'):
            for fence in ("{}", "```json\n{}\n```", "```\n{}\n```", "```Json{}```", "``` json\n{}```", "Here: ```json\n{}\n```", "```JSON\n{}\n", "{}```", "```json\n```json\n{}```", "```python\n{}\n```", " \n{}\n "):
                yield fence.replace("{}", body, 1)
    elif name == "detectable_format:constrained_response":
        yield from ("My answer is yes.", "my answer is yes.", "My answer is no. Because.", "I think: My answer is maybe.", "My answer is maybe", "My answer is\nno.", "**My answer is no.**")


def responses_for(name, kwargs, rng, num_random=20):
    yield from made_for(name, kwargs, rng)
    for _ in range(num_random):
        yield "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 60)))
        yield rng.choice(["", "Here you go:\n", "Sure!\n\n"]) + sentences(rng.randrange(1, 12), rng) + rng.choice(["", "\nBye.", "\n\n* a\n* b"])
