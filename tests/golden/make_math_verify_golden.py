#!/usr/bin/env python3
"""Records Math-Verify 0.9.0's decisions on pairs of our own choosing: tests/grading/math_verify_cases.tsv.

  tests/golden/make_math_verify_golden.py > tests/grading/math_verify_cases.tsv      (needs math-verify[antlr4_13_2]==0.9.0)

Columns: reference, answer (whole, with its dollar signs), True or False. Theirs: verify(parse("$reference$"), parse(answer))."""
import logging

from math_verify import parse, verify

logging.disable(logging.CRITICAL)
BARE = [("(4,3)", r"\{3,4\}"), (r"\{3,4\}", "(4,3)"), ("(3,4)", r"\{4,3\}"), ("3,4", "(4,3)"), ("(1,2,3)", "3,2,1"), ("(1,2,3)", "1,2,3"), ("1,2", "2,1"), ("1,2", "1,2,2"), ("x<5", "5>x"), ("x<5", "2x<10"), ("x+y=3", "2x+2y=6"), ("x=5", "y=5"),
        ("x>5", r"(5,\infty)"), (r"(5,\infty)", "x>5"), ("x", "x+0"), ("5", "5+0"), ("5", "x=5"), ("x=5", "5"), ("2x+z=1", "1"), ("1", "2x+z=1"), (r"\begin{pmatrix}1\\2\end{pmatrix}", "(1,2)"), (r"\sqrt{x^2}", "|x|"), (r"\frac{x^2-1}{x-1}", "x+1"),
        ("10", r"10\%"), ("0.1", r"10\%"), (r"\frac{1}{10}", r"10\%"), (r"\text{A}", "A"), ("A", "(A)"), (r"\text{yes}", "yes"), ("yes", "no"), (r"\pi", "3.14159"), (r"\pi", "3.141593"), (r"\frac13", "0.333333"), (r"\frac13", "0.333"), ("1,234", "1234"),
        ("-5", "5"), (r"2\sqrt2", r"\sqrt8"), ("2^{100}", "2^{100}+1"), ("10^{-20}", "10^{-21}"), ("(1,2)", "[1,2]"), (r"\sin^2x+\cos^2x", "1"), ("6", "6.0"), ("6.0", "6"), ("6", "6.0000001"), (r"\frac{1}{2}", r"\frac{2}{4}"), ("e^2", r"e\cdot e"),
        ("3+4i", "4i+3"), ("i^2", "-1"), ("f(x)=x", "x"), (r"90^\circ", "90"), (r"5\text{ cm}", r"5\text{ m}"), ("(2,3)", "2,3"), (r"x \in (1,2)", "(1,2)"), ("(1,2)", r"x\in(1,2)"), (r"\infty", r"-\infty"), (r"\log 100", "2"), (r"\log 2", r"\ln 2"),
        (r"2\pm\sqrt3", r"2+\sqrt3,2-\sqrt3"), ("y=2x+3", "2x+3"), ("2x+3", "y=2x+3"), (r"\text{even}", r"\text{odd}"), (r"\text{June 20}", "June 20"), ("a,b", "b,a"), (r"\frac{x+1}{2}", "0.5x+0.5"), (r"1.6\times10^{-19}", r"1.7\times10^{-19}"),
        ("1000", "10^3"), ("11", "11_2"), ("3!", "6"), (r"\emptyset", r"\{\}"), (r"(-\infty,0)\cup(0,\infty)", r"\mathbb{R}\setminus\{0\}"), (r"[1,2]\cup[2,3]", "[1,3]"), (r"x\ge1", "x>1"), (r"x \ge 1", r"1\le x"), ("2516", "2516_8"), ("1/2004!", "1/2006!"),
        ("1/2^{99}", "1/2^{98}"), ("x^2+2x+1", "(x+1)^2"), ("1.6e-19", "1.6e - 19"), ("2 1/3", "7/3"), (r"2\frac{1}{3}", r"\frac{7}{3}"), ("3:4", r"\frac34"), ("7.", "7"), (r"\frac{1}{2", r"\frac12"), ("5", r"5\text{ apples}"), ("5", "5 cm"), (r"\$18", "18")]
WHOLE = [("7", r"first \boxed{5} but no, correct is \boxed{7}"), ("7", r"\boxed{7.}"), ("7", r"\boxed{7"), ("7", r"\boxed{5}, \boxed{7}"), ("5,7", r"\boxed{5} and \boxed{7}"), ("1728", "1331 and 1728"), ("5", "The answer is 5."), ("5", "so x = 5"), ("72", "<think>it is 72 or 71"),
         ("72", "<think>71</think> The answer is 72"), ("0.5", r"The final answer is $\frac{1}{2}$. I hope it is correct."), ("12", "**Answer:** 12"), ("1234", "The total is 1,234 dollars"), ("18", "He pays $18 in total"), ("5", "nothing at all"),
         (r"\frac{3}{4}", r"we get \frac{3}{4}"), ("25", "It is 25%"), ("3", "Answer: x = 3"), ("x=1,x=2", r"The solutions are $x=1$ and $x=2$."), ("4", r"$2 + 2 = 4$"), ("10", "10 apples, 20 pears"), ("6", "final answer: 6"), ("-3", r"\[ \boxed{-3} \]")]


def main():
    print('# Recorded decisions of Math-Verify 0.9.0: tests/golden/make_math_verify_golden.py. "\\n" does not occur.')
    for gold, answer in [(g, f"${a}$") for g, a in BARE] + [(g, f"So the answer is $\\boxed{{{a}}}$.") for g, a in BARE] + WHOLE:
        try:
            decision = bool(verify(parse(f"${gold}$"), parse(answer)))
        except Exception:
            decision = False
        print(gold, answer, decision, sep="\t")


main()
