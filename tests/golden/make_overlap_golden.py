# Makes tests/golden/overlap.json, which tests/data/overlap_test.cpp checks: texts with their words, and training rows against benchmarks by brute force. The rules are
# written here a second time, from docs/contamination.md: words over Unicode's own data (unicodedata), n-grams as sets of tuples, similarity as sets of shingles.
# Run: python tests/golden/make_overlap_golden.py (needs nothing but Python)
import json
import pathlib
import random
import re
import unicodedata

FUNCTIONS = "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd inf ker lcm lg lim ln log max min mod sec sin sinh sqrt sup tan tanh".split()
GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi omega".split()
SPOKEN = {**{f: f for f in FUNCTIONS}, **{g: g for g in GREEK}, **{g.capitalize(): g for g in GREEK}, "bmod": "mod", "pmod": "mod", "infty": "infinity",
          **{"var" + g: g for g in ("epsilon", "phi", "pi", "rho", "sigma", "theta")}}
LETTERS = {chr(0x3B1 + i + (i >= 17)): g for i, g in enumerate(GREEK)}
NOT_THERE = "\u00AD\u200B\u200C\u200D\u2060\uFEFF"
TOKEN = re.compile(r"(?P<environment>\\begin\{[^}]{0,38}\}(?:\{[^}]{0,38}\})?|\\end\{[^}]{0,38}\})|(?P<command>\\[A-Za-z]+)|(?P<thin>\\[,;:! ])|(?P<space>[ \t~]+)|(?P<one>.)", re.S)
BREAKS = "\n\r<>|\u3002\uFF01\uFF1A\uFF1B\uFF1F\uFF5C\u2028\u2029"


def kind_of(c):
    category = unicodedata.category(c)
    if category[0] == "M":
        return "mark"
    if category[0] == "L" and "\u0370" <= c <= "\u03FF":
        return "greek"
    if "\u3041" <= c <= "\u30FF" or "\u3400" <= c <= "\u4DBF" or "\u4E00" <= c <= "\u9FFF" or c >= "\U00020000":
        return "alone" if category[0] == "L" else "other"
    return {"L": "letter", "N": "digit"}.get(category[0], "other")


def words(text):
    """(words, breaks): breaks[i] says that a line, sentence or tag ends right before word i, or the text starts; one more at the end."""
    text = "".join(c for c in text if c not in NOT_THERE)
    out, breaks = [], []
    state = {"word": "", "kind": "", "apart": False, "broken": True, "single": False, "bare": 0}

    def close():
        word, kind = state["word"], state["kind"]
        if not word:
            return
        state["word"] = ""
        if kind == "greek" and len(word) <= 2:
            for letter in word:
                out.append(LETTERS.get(letter, letter))
                breaks.append(state["broken"])
                state["single"], state["apart"], state["broken"] = False, False, False
            return
        single = len(word) == 1 and word.isascii() and kind == "letter"
        if single and state["single"] and not state["apart"] and not state["broken"]:
            out[-1] += word
            return
        out.append(word)
        breaks.append(state["broken"])
        state["single"], state["apart"], state["broken"] = single, kind == "script", False

    def add(c, kind):
        if state["word"] and state["kind"] != kind:
            close()
        state["word"] += c
        state["kind"] = kind

    def whole(word):
        close()
        state["word"], state["kind"] = word, "letter"
        close()

    def separate(is_break=False):
        close()
        state["apart"], state["bare"], state["broken"] = True, 0, state["broken"] or is_break

    for match in TOKEN.finditer(text):
        token = match.group()
        if match["environment"]:
            separate()
        elif match["command"]:
            separate()
            name = token[1:]
            if name in SPOKEN:
                whole(SPOKEN[name])
            elif name in ("frac", "dfrac", "tfrac", "cfrac", "binom", "dbinom", "tbinom"):
                state["bare"] = 2
        elif match["thin"]:
            close()
            state["bare"] = 0
        elif match["space"]:
            close()
        else:
            form = unicodedata.decomposition(token).split(" ")[0]
            if token in "\u221A\u221E":
                whole("sqrt" if token == "\u221A" else "infinity")
            elif form in ("<super>", "<sub>") and unicodedata.normalize("NFKD", token) in "0123456789in":
                plain = unicodedata.normalize("NFKD", token)
                if state["kind"] != "script":
                    close()
                # Digits and letters above the line are apart too.
                if state["word"] and state["word"][-1].isdigit() != plain.isdigit():
                    close()
                if not state["word"]:
                    state["apart"] = True
                add(plain, "script")
            elif form == "<fraction>":
                for number in unicodedata.normalize("NFKD", token).split("\u2044"):
                    close()
                    state["apart"] = True
                    state["word"], state["kind"] = number, "script"
                close()
            else:
                special = {"\u00C6": "ae", "\u00E6": "ae", "\u00D8": "o", "\u00F8": "o", "\u00DF": "ss", "\u1E9E": "ss", "\u0110": "d", "\u0111": "d", "\u0131": "i", "\u0141": "l", "\u0142": "l",
                           "\u0152": "oe", "\u0153": "oe"}
                plain = special.get(token) or (token if "\uAC00" <= token <= "\uD7A3" else unicodedata.normalize("NFKD", token))
                kinds = [kind_of(c) for c in plain]
                if all(k == "mark" for k in kinds):
                    continue
                plain = "".join(c for c, k in zip(plain, kinds) if k != "mark").lower().replace("\u03C2", "\u03C3")
                kind = kind_of(plain[0])
                if kind == "alone":
                    whole(plain)
                elif kind in ("letter", "digit", "greek"):
                    if state["kind"] == "script":
                        close()
                    if state["bare"] and not state["word"]:
                        state["bare"] -= 1
                        state["apart"] = True
                        add(plain, kind)
                        close()
                        state["apart"] = True
                    else:
                        add(plain, kind)
                elif token.isspace() and token not in BREAKS:
                    close()
                else:
                    after = text[match.end():match.end() + 1]
                    ends = token in ".?!:;" and not (after.isascii() and after.isalnum())
                    separate(token in BREAKS or ends)
    close()
    return out, breaks + [True]


def runs(sequence, n):
    return {tuple(sequence[i:i + n]) for i in range(len(sequence) - n + 1)}


def shingles(sequence, size):
    return runs(sequence, size) if len(sequence) >= size else {tuple(sequence)}


def longest_shared(row, part, counted):
    """The longest run of words in both that holds a run of `counted`."""
    best = 0
    for shift in range(-len(part), len(row)):
        length = 0
        for i in range(max(0, shift), min(len(row), shift + len(part)) + 1):
            same = i < min(len(row), shift + len(part)) and row[i] == part[i - shift]
            if same:
                length += 1
            else:
                if length > best and any(runs(row[i - length:i], n) & counted[n] for n in counted):
                    best = length
                length = 0
    return best


def brute_force(benchmarks, rows, config):
    sizes, decision, threshold = config["ngram_sizes"], config["decision_ngram"], config["near_duplicate_threshold"]
    result = []
    split_rows = [(id, [w for w in map(words, texts) if w[0]]) for id, texts in rows]
    for name, problems in benchmarks:
        parts, owners = [], {}
        for number, (id, prompt, solution) in enumerate(problems):
            split = words(prompt)[0]
            own = [split] if split else []
            for word in split:
                owners.setdefault(word, set()).add(number)
            extra = words(solution)[0] if config["with_solutions"] else []
            parts.append((split, own + ([extra] if len(extra) >= min(sizes) else [])))
        has_own = {next(iter(who)) for who in owners.values() if len(who) == 1}
        own_words = len(has_own) / len(problems)
        from_template = own_words < config["min_own_words"]
        counted, num_ngrams = {}, {}
        for n in sizes:
            where = {}
            for number, (_, texts) in enumerate(parts):
                for text in texts:
                    for run in runs(text, n):
                        where.setdefault(run, set()).add(number)
            counted[n] = {run for run, who in where.items() if len(who) == 1 or len(who) <= config["max_problem_share"] * len(problems)}
            num_ngrams[n] = [len(where), len(where) - len(counted[n])]
        pair = {"benchmark": name, "own_words": own_words, "from_template": from_template, "num_ngrams": num_ngrams, "hits": []}
        for row_id, texts in split_rows:
            for number, (id, prompt, solution) in enumerate(problems):
                question, own = parts[number]
                hit = {"row": row_id, "problem": id, "whole": False, "similarity": 0, "covered": 0, "shared_words": 0}
                shared = set()
                covered_runs = set()
                for text, breaks in texts:
                    for part in own:
                        for n in sizes:
                            both = runs(text, n) & runs(part, n) & counted[n]
                            if both:
                                shared.add(n)
                            if n == decision:
                                covered_runs |= both
                        hit["shared_words"] = max(hit["shared_words"], longest_shared(text, part, counted))
                        a, b = shingles(text, config["shingle_size"]), shingles(part, config["shingle_size"])
                        similarity = len(a & b) / len(a | b)
                        if similarity >= threshold:
                            hit["similarity"] = max(hit["similarity"], similarity)
                    length = len(question)
                    for at in range(len(text) - length + 1):
                        if length and breaks[at] and breaks[at + length] and text[at:at + length] == question:
                            hit["whole"] = True
                            hit["shared_words"] = max(hit["shared_words"], length)
                            shared |= {n for n in sizes if length < n}
                for part in own:
                    marks = [False] * len(part)
                    for i in range(len(part) - decision + 1):
                        if tuple(part[i:i + decision]) in covered_runs:
                            marks[i:i + decision] = [True] * decision
                    hit["covered"] = max(hit["covered"], sum(marks) / len(part))
                if not (shared or hit["whole"] or hit["similarity"]):
                    continue
                hit["sizes"] = sorted(shared)
                hit["decides"] = hit["whole"] or hit["similarity"] > 0 or (decision in shared and hit["covered"] >= config["decision_covered"] and not from_template)
                pair["hits"].append(hit)
        for what, test in {"whole": lambda h: h["whole"], "near": lambda h: h["similarity"] > 0, "hit": lambda h: h["decides"],
                           **{str(n): (lambda h, n=n: n in h["sizes"]) for n in sizes}}.items():
            pair["rows_" + what] = len({h["row"] for h in pair["hits"] if test(h)})
            pair["problems_" + what] = len({h["problem"] for h in pair["hits"] if test(h)})
        pair["problems_half_covered"] = len({h["problem"] for h in pair["hits"] if h["whole"] or h["similarity"] > 0 or h["covered"] >= 0.5})
        result.append(pair)
    return result


# Texts of ours for the rule of words. Each must split as the comment or the neighbour says; the words are computed.
TEXTS = [
    "", " \n\t", "Hello, World!", "don't stop-me now", "Café CAFÉ cafe\u0301 naïve Ångström", "ﬁne eﬃcient Straße ẞ Æsir Łódź Øre œuvre",
    "$\\frac{1}{2}+\\frac{3}{4}$", "$\\dfrac12 + \\tfrac34$", "$\\frac1{20}$ and $\\frac{1}20$", "\\binom52 \\frac ab \\frac{a}{b} \\frac 1 2",
    "$2xy+3x^{2}y$", "$2 x y + 3 x^2 y$", "triangle ABC", "triangle $A B C$", "$\\triangle A\\,B\\;C$", "x\\cdot y", "a b-c d", "A\nB C", "I am a b", "f(x) = 2 x, g (y)",
    "x_1, x_{1}, x1, x₁, x²³ y⁴z", "10²³ ½ 2½ ⅔x 3⁄4 xⁿ aⁱ²", "√2 \\sqrt2 \\sqrt{2} ∞ \\infty", "α \\alpha Α αβ αβγ \\varphi φ Σ ς Πολλά λόγος 2πr 2\\pi r Δxy", "\\sin 60^\\circ sin60° \\Delta x Δx",
    "\\begin{align*} a &= b \\\\ c &= d \\end{align*}", "\\begin{array}{cc} 1 & 2 \\end{array} \\begin{pmatrix} 3 \\end{pmatrix}{4}", "\\text{if } x\\mathrm{d}x \\left( y \\right)",
    "１２ ＡＢ ｃ！", "𝐀𝑏𝒄 𝟏𝟚 𝛼 ℝ ℓ ℤ", "人工智能 AI 加 3 乘 4？", "ひらがな カタカナ が", "Привет МИР ёж Ёлка", "ԱԲԳ աբգ", "zero\u200Bwidth so\u00ADft \uFEFFbom", "a\u00A0b no\u00A0break",
    "3.5 and 1,000 and 10{,}000", "user@example.com http://a.b/c?d=e", "<think> x </think> <answer> 9 </answer>", "Costs $5, or $10 a day.", "\\$5 \\% \\{a\\} \\\\ \\", "\\unknown{x} \\newline y",
    "x" * 70 + " " + "7" * 65, "a b c d e f g h i j k l m n o p q r s t u v w x y z", "end. Start? yes! no: one; two", "the cat's a b", "9a 9A a9 A9b8", "٣٤ १२", "k\u0327 \u0301 e\u0301\u0302x",
    "한국어 단어", "ª º µ", "~a~b~", "\\,a\\,b", "{a}{b}", "mixed\u2028line\u2029para",
]


def corpus(draw):
    vocabulary = ("river stone garden seven window letter planet copper basket winter number circle market bottle ladder forest silver engine island button "
                  "carry divide gather remove count share travel build paint measure").split()

    def sentence(length):
        return " ".join(draw.choice(vocabulary) if draw.random() < 0.85 else str(draw.randrange(2, 99)) for _ in range(length))

    def decorated(text):
        """The same words, written otherwise."""
        out = []
        for word in text.split(" "):
            style = draw.random()
            out.append("$" + word + "$" if word.isdigit() and style < 0.5 else word.upper() if style < 0.1 else "\\text{" + word + "}" if style < 0.2 else word + "," if style < 0.3 else word)
        return " ".join(out)

    def edited(text, share):
        return " ".join(draw.choice(vocabulary) if draw.random() < share else word for word in text.split(" "))

    suffix = " Please reason step by step and put your final answer within \\boxed{}."
    opening = "Let us look at a problem about numbers and things that one can count here: "
    plain = []
    for i in range(44):
        prompt = sentence(draw.choice([2, 4, 6, 9, 11, 12, 20, 30, 45]))
        if i == 7:
            prompt = plain[3][1]  # the same question twice
        own = f" name{chr(97 + i % 26)}{chr(97 + i // 26)}" if i % 4 else ""
        plain.append((f"p{i}", (opening if i % 20 == 1 else "") + prompt + own + ".", sentence(draw.choice([3, 8, 25])) if i % 3 else ""))
    suffixed = [(f"s{i}", sentence(draw.choice([5, 14, 25])) + "." + suffix, "") for i in range(25)]
    ops = ["plus", "minus", "times"]

    def chain():
        return str(draw.randrange(10)) + "".join(f" ({k + 1}) {draw.choice(ops)} {draw.randrange(10)}" for k in range(draw.choice([1, 2, 3, 5]))) + " ?"

    templated = [(f"t{i}", chain(), "") for i in range(40)]
    rows = []
    for i in range(110):
        source = draw.choice([plain, plain, suffixed, templated])
        problem = draw.choice(source)
        style = draw.randrange(9)
        if style == 0:
            texts = [sentence(30), sentence(40)]
        elif style == 1:
            texts = [decorated(problem[1])]
        elif style == 2:
            texts = ["<|User|>" + problem[1] + "<|Assistant|>", "<think> " + sentence(20) + " </think>"]
        elif style == 3:
            texts = [edited(problem[1], 0.04), problem[2]]
        elif style == 4:
            cut = problem[1].split(" ")
            texts = [sentence(5) + " " + " ".join(cut[draw.randrange(len(cut)):]) + " " + sentence(5)]
        elif style == 5:
            texts = [sentence(12) + suffix, problem[2] + "\n" + problem[1]]
        elif style == 6:
            texts = [chain(), "so " + chain()]
        elif style == 7:
            texts = [opening + sentence(10), sentence(6) + ". " + problem[1] + " " + sentence(8) + ". " + problem[1]]
        else:
            texts = [sentence(3), ""]
        rows.append((f"r{i}", texts))
    return [("plain", plain), ("suffixed", suffixed), ("templated", templated)], rows


def main():
    draw = random.Random(20250131)
    benchmarks, rows = corpus(draw)
    default = {"ngram_sizes": [8, 10, 13], "decision_ngram": 10, "decision_covered": 0, "near_duplicate_threshold": 0.8, "shingle_size": 3, "with_solutions": True, "max_problem_share": 0.01,
               "min_own_words": 0.1, "hits_per_problem": 1000}
    configs = [default, {**default, "ngram_sizes": [3, 5, 10], "decision_ngram": 5, "with_solutions": False, "shingle_size": 1, "near_duplicate_threshold": 0.6, "max_problem_share": 0.05, "min_own_words": 0},
               {**default, "decision_ngram": 8, "decision_covered": 0.5, "shingle_size": 5, "near_duplicate_threshold": 1}]
    out = {"words": [{"text": text, "words": words(text)[0], "breaks": [int(b) for b in words(text)[1]]} for text in TEXTS], "benchmarks": benchmarks, "rows": rows,
           "cases": [{"config": config, "pairs": brute_force(benchmarks, rows, config)} for config in configs]}
    path = pathlib.Path(__file__).with_name("overlap.json")
    path.write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n")
    for case in out["cases"]:
        for pair in case["pairs"]:
            print({k: v for k, v in pair.items() if k != "hits"}, len(pair["hits"]))


if __name__ == "__main__":
    main()
