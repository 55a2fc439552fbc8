// One pass over the bytes; only what is not ASCII is looked up.
#include "data/overlap_words.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/strings.h"
#include "text/unicode.h"
#include "text/unicode_tables.h"

namespace reprise::data {
namespace {

// What a byte is.
enum Class : uint8_t { kOther, kLetter, kDigit, kSpace, kBackslash, kEnd, kTag, kNewline, kHigh };

constexpr std::array<Class, 256> make_classes() {
  std::array<Class, 256> out{};
  for (int c = 0; c < 256; ++c) {
    out[c] = c >= 0x80 ? kHigh
             : c >= '0' && c <= '9'                                     ? kDigit
             : (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')         ? kLetter
             : c == ' ' || c == '\t' || c == '~' || c == '\v' || c == '\f' ? kSpace
             : c == '\\'                                                ? kBackslash
             : c == '\n' || c == '\r'                                   ? kNewline
             : c == '.' || c == '?' || c == '!' || c == ':' || c == ';' ? kEnd
             : c == '<' || c == '>' || c == '|'                         ? kTag
                                                                        : kOther;
  }
  return out;
}
constexpr std::array<Class, 256> kClasses = make_classes();

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// LaTeX commands that are read as a word. Sorted.
struct Spoken {
  std::string_view command, word;
};
constexpr Spoken kSpoken[] = {
    {"Alpha", "alpha"}, {"Beta", "beta"}, {"Chi", "chi"}, {"Delta", "delta"}, {"Epsilon", "epsilon"}, {"Eta", "eta"}, {"Gamma", "gamma"}, {"Iota", "iota"}, {"Kappa", "kappa"},
    {"Lambda", "lambda"}, {"Mu", "mu"}, {"Nu", "nu"}, {"Omega", "omega"}, {"Omicron", "omicron"}, {"Phi", "phi"}, {"Pi", "pi"}, {"Psi", "psi"}, {"Rho", "rho"}, {"Sigma", "sigma"},
    {"Tau", "tau"}, {"Theta", "theta"}, {"Upsilon", "upsilon"}, {"Xi", "xi"}, {"Zeta", "zeta"}, {"alpha", "alpha"}, {"arccos", "arccos"}, {"arcsin", "arcsin"}, {"arctan", "arctan"},
    {"arg", "arg"}, {"beta", "beta"}, {"bmod", "mod"}, {"chi", "chi"}, {"cos", "cos"}, {"cosh", "cosh"}, {"cot", "cot"}, {"coth", "coth"}, {"csc", "csc"}, {"deg", "deg"},
    {"delta", "delta"}, {"det", "det"}, {"dim", "dim"}, {"epsilon", "epsilon"}, {"eta", "eta"}, {"exp", "exp"}, {"gamma", "gamma"}, {"gcd", "gcd"}, {"inf", "inf"},
    {"infty", "infinity"}, {"iota", "iota"}, {"kappa", "kappa"}, {"ker", "ker"}, {"lambda", "lambda"}, {"lcm", "lcm"}, {"lg", "lg"}, {"lim", "lim"}, {"ln", "ln"}, {"log", "log"},
    {"max", "max"}, {"min", "min"}, {"mod", "mod"}, {"mu", "mu"}, {"nu", "nu"}, {"omega", "omega"}, {"omicron", "omicron"}, {"phi", "phi"}, {"pi", "pi"}, {"pmod", "mod"},
    {"psi", "psi"}, {"rho", "rho"}, {"sec", "sec"}, {"sigma", "sigma"}, {"sin", "sin"}, {"sinh", "sinh"}, {"sqrt", "sqrt"}, {"sup", "sup"}, {"tan", "tan"}, {"tanh", "tanh"},
    {"tau", "tau"}, {"theta", "theta"}, {"upsilon", "upsilon"}, {"varepsilon", "epsilon"}, {"varphi", "phi"}, {"varpi", "pi"}, {"varrho", "rho"}, {"varsigma", "sigma"},
    {"vartheta", "theta"}, {"xi", "xi"}, {"zeta", "zeta"}};

// U+03B1 on; final sigma has become sigma.
constexpr std::string_view kGreek[] = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"};

std::string_view spoken(std::string_view command) {
  const auto* found = std::lower_bound(std::begin(kSpoken), std::end(kSpoken), command, [](const Spoken& a, std::string_view b) { return a.command < b; });
  return found != std::end(kSpoken) && found->command == command ? found->word : std::string_view();
}

bool takes_two_arguments(std::string_view command) {
  for (std::string_view one : {"frac", "dfrac", "tfrac", "cfrac", "binom", "dbinom", "tbinom"}) {
    if (command == one) return true;
  }
  return false;
}

// The plain form of a letter, without case.
char32_t lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (c <= 0xDE) return c >= 0xC0 && c != 0xD7 ? c + 32 : c;
  if (c >= 0x100 && c <= 0x17F) {
    if (c == 0x178) return 0xFF;
    if ((c >= 0x139 && c <= 0x148) || c >= 0x179) return c % 2 == 1 && c != 0x17F ? c + 1 : c;
    return c % 2 == 0 && c != 0x138 ? c + 1 : c;
  }
  if (c >= 0x391 && c <= 0x3A9) return c + 32;
  if (c == 0x3C2) return 0x3C3;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  if (c >= 0x410 && c <= 0x42F) return c + 32;
  if ((c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x52F)) return c % 2 == 0 ? c + 1 : c;
  if (c >= 0x531 && c <= 0x556) return c + 48;
  return c;
}

// A canonical decomposition's first character, as far as it goes: the marks behind it are dropped.
char32_t without_marks(char32_t c) {
  for (;;) {
    const auto* end = text::kDecompositions + text::kDecompositionsCount;
    const auto* found = std::lower_bound(text::kDecompositions, end, c, [](const text::Decomposition& a, char32_t b) { return a.code_point < b; });
    if (found == end || found->code_point != c) return c;
    c = found->first;
  }
}

// Capital letters look like these in mathematics, U+1D6A8 on and their small ones.
char32_t mathematical_greek(char32_t c) {
  const char32_t place = (c - 0x1D6A8) % 58;
  if (place < 25) return place == 17 ? 0x398 : 0x391 + place;
  if (place >= 26 && place < 51) return 0x3B1 + place - 26;
  constexpr char32_t variants[] = {0x3B5, 0x3B8, 0x3BA, 0x3C6, 0x3C1, 0x3C0};
  return place >= 52 ? variants[place - 52] : ' ';  // nabla and the partial sign are no letters
}

// Letterlike symbols, by code point.
struct Plain {
  char32_t code_point;
  const char* letters;
};
constexpr Plain kPlain[] = {{0xAA, "a"},    {0xB5, "\u03BC"}, {0xBA, "o"},    {0xC6, "ae"},    {0xD8, "o"},     {0xDF, "ss"},   {0xE6, "ae"},   {0xF8, "o"},    {0x110, "d"},   {0x111, "d"},
                            {0x131, "i"},   {0x141, "l"},   {0x142, "l"},   {0x152, "oe"},   {0x153, "oe"},   {0x17F, "s"},   {0x3D0, "\u03B2"}, {0x3D1, "\u03B8"}, {0x3D5, "\u03C6"}, {0x3D6, "\u03C0"},
                            {0x3F0, "\u03BA"}, {0x3F1, "\u03C1"}, {0x3F5, "\u03B5"}, {0x1E9E, "ss"}, {0x2102, "c"},  {0x210A, "g"},  {0x210B, "h"},  {0x210C, "h"},  {0x210D, "h"},  {0x210E, "h"},
                            {0x2110, "i"},  {0x2111, "i"},  {0x2112, "l"},  {0x2113, "l"},   {0x2115, "n"},   {0x2119, "p"},  {0x211A, "q"},  {0x211B, "r"},  {0x211C, "r"},  {0x211D, "r"},
                            {0x2124, "z"},  {0x2128, "z"},  {0x212C, "b"},  {0x212D, "c"},   {0x212F, "e"},   {0x2130, "e"},  {0x2131, "f"},  {0x2133, "m"},  {0x2134, "o"},  {0xFB00, "ff"},
                            {0xFB01, "fi"}, {0xFB02, "fl"}, {0xFB03, "ffi"}, {0xFB04, "ffl"}, {0xFB05, "st"}, {0xFB06, "st"}};

// Digits above or below the line, and fractions of one character: words of their own.
struct Script {
  char32_t code_point;
  const char* digits;  // a fraction has two numbers
};
constexpr Script kScripts[] = {{0xB2, "2"},     {0xB3, "3"},     {0xB9, "1"},     {0xBC, "1 4"},   {0xBD, "1 2"},   {0xBE, "3 4"},   {0x2070, "0"},   {0x2071, "i"},   {0x2074, "4"},   {0x2075, "5"},   {0x2076, "6"},
                               {0x2077, "7"},   {0x2078, "8"},   {0x2079, "9"},   {0x207F, "n"},   {0x2080, "0"},   {0x2081, "1"},   {0x2082, "2"},   {0x2083, "3"},   {0x2084, "4"},   {0x2085, "5"},   {0x2086, "6"},
                               {0x2087, "7"},   {0x2088, "8"},   {0x2089, "9"},   {0x2150, "1 7"}, {0x2151, "1 9"}, {0x2152, "1 10"}, {0x2153, "1 3"}, {0x2154, "2 3"}, {0x2155, "1 5"}, {0x2156, "2 5"}, {0x2157, "3 5"},
                               {0x2158, "4 5"}, {0x2159, "1 6"}, {0x215A, "5 6"}, {0x215B, "1 8"}, {0x215C, "3 8"}, {0x215D, "5 8"}, {0x215E, "7 8"}};

template <class Entry, size_t N>
const Entry* find(const Entry (&table)[N], char32_t c) {
  const auto* found = std::lower_bound(std::begin(table), std::end(table), c, [](const Entry& a, char32_t b) { return a.code_point < b; });
  return found != std::end(table) && found->code_point == c ? found : nullptr;
}

bool is_not_there(char32_t c) { return c == 0xAD || (c >= 0x200B && c <= 0x200D) || c == 0x2060 || c == 0xFEFF; }
bool stands_alone(char32_t c) {
  return (c >= 0x3041 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}
bool ends_a_sentence(char32_t c) { return c == 0x3002 || c == 0xFF01 || c == 0xFF1A || c == 0xFF1B || c == 0xFF1F || c == 0xFF5C || c == 0x2028 || c == 0x2029; }

// What a word is made of.
enum class Kind : uint8_t { letters, digits, greek };

uint64_t mixed(uint64_t x) {
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93ULL;
  x ^= x >> 32;
  return x * 0xD6E8FEB86659FD93ULL;
}

// Eight bytes at a time; the length is part of it.
uint64_t hash_of(const char* bytes, size_t size) {
  uint64_t hash = 0x9E3779B97F4A7C15ULL * (size + 1);
  while (size >= 8) {
    uint64_t block;
    std::memcpy(&block, bytes, 8);
    hash = mixed(hash ^ block);
    bytes += 8;
    size -= 8;
  }
  uint64_t rest = 0;
  for (size_t i = 0; i < size; ++i) rest |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  const uint64_t out = mixed(hash ^ rest);
  return out ^ out >> 29;
}

class Splitter {
 public:
  Splitter(std::string_view text, OverlapWords& out) : text_(text.substr(0, kMaxOverlapTextBytes)), out_(out) {}

  void run() {
    out_.clear();
    const size_t size = text_.size();
    while (at_ < size) {
      const char c = text_[at_];
      switch (kClasses[static_cast<unsigned char>(c)]) {
        case kLetter: word(kLetter, Kind::letters); break;
        case kDigit: word(kDigit, Kind::digits); break;
        case kSpace:
          close();
          ++at_;
          break;
        case kBackslash: command(); break;
        case kEnd: {
          // "3.5" and "x:y" are no ends; a point before a space, a dollar or nothing is.
          const Class next = at_ + 1 < size ? kClasses[static_cast<unsigned char>(text_[at_ + 1])] : kSpace;
          separate(next != kLetter && next != kDigit);
          break;
        }
        case kTag:
        case kNewline: separate(true); break;
        case kOther: separate(false); break;
        case kHigh: high(); break;
      }
    }
    close();
    out_.breaks.push_back(1);
  }

 private:
  void separate(bool is_break) {
    close();
    apart_ = true;
    bare_ = 0;
    break_ = break_ || is_break;
    ++at_;
  }

  // A run of plain letters or of plain digits.
  void word(Class bytes, Kind kind) {
    if (script_ || (open_ && kind_ != kind)) close();
    const size_t first = at_;
    if (bare_ > 0 && !open_) {
      --bare_;
      apart_ = true;
      start(kind, first);
      out_.letters += lower(text_[first]);
      end_ = ++at_;
      close();
      apart_ = true;
      return;
    }
    while (at_ < text_.size() && kClasses[static_cast<unsigned char>(text_[at_])] == bytes) ++at_;
    start(kind, first);
    const size_t room = kMaxOverlapWordBytes - std::min(kMaxOverlapWordBytes, out_.letters.size() - letters_begin_);
    for (size_t i = first; i < std::min(at_, first + room); ++i) out_.letters += lower(text_[i]);
    end_ = at_;
  }

  void start(Kind kind, size_t begin) {
    if (open_) return;
    open_ = true;
    kind_ = kind;
    begin_ = begin;
    letters_begin_ = out_.letters.size();
  }
  // A letter or digit of any script, as UTF-8.
  void append(std::string_view letter, Kind kind, size_t begin, size_t end) {
    if (open_ && kind_ != kind) close();
    start(kind, begin);
    if (out_.letters.size() - letters_begin_ + letter.size() <= kMaxOverlapWordBytes) out_.letters += letter;
    end_ = end;
  }

  void close() {
    if (!open_) return;
    open_ = false;
    const std::string_view word = std::string_view(out_.letters).substr(letters_begin_);
    if (kind_ == Kind::greek && word.size() <= 4) {
      const std::string letters(word);
      out_.letters.resize(letters_begin_);
      for (size_t at = 0; at < letters.size();) {
        const size_t first = at;
        const char32_t c = next_code_point(letters, at);
        const bool named = c >= 0x3B1 && c < 0x3B1 + std::size(kGreek);
        letters_begin_ = out_.letters.size();
        out_.letters += named ? kGreek[c - 0x3B1] : std::string_view(letters).substr(first, at - first);
        put();
      }
    } else {
      put();
    }
    script_ = false;
  }

  // What stands in `letters` from letters_begin_ on is a word.
  void put() {
    const size_t size = out_.letters.size() - letters_begin_;
    const bool single = size == 1 && kind_ == Kind::letters;
    if (single && last_is_single_ && !apart_ && !break_ && out_.letters.size() - last_begin_ <= kMaxOverlapWordBytes) {
      out_.hashes.back() = hash_of(out_.letters.data() + last_begin_, out_.letters.size() - last_begin_);
      out_.end.back() = static_cast<uint32_t>(end_);
      out_.letters_end.back() = static_cast<uint32_t>(out_.letters.size());
      return;
    }
    last_is_single_ = single;
    last_begin_ = letters_begin_;
    apart_ = script_;
    out_.hashes.push_back(hash_of(out_.letters.data() + letters_begin_, size));
    out_.begin.push_back(static_cast<uint32_t>(begin_));
    out_.end.push_back(static_cast<uint32_t>(end_));
    out_.letters_end.push_back(static_cast<uint32_t>(out_.letters.size()));
    out_.breaks.push_back(break_);
    break_ = false;
  }

  void whole_word(std::string_view letters, size_t begin, size_t end) {
    close();
    append(letters, Kind::letters, begin, end);
    close();
  }

  // The position behind the group that opens at `at`, or `at` where none does or it is long.
  size_t behind_group(size_t at) const {
    constexpr size_t kMaxGroup = 40;
    if (at >= text_.size() || text_[at] != '{') return at;
    const size_t close = text_.substr(at, kMaxGroup).find('}');
    return close == std::string_view::npos ? at : at + close + 1;
  }

  void command() {
    close();
    bare_ = 0;
    const size_t first = at_++;
    while (at_ < text_.size() && is_ascii_letter(text_[at_])) ++at_;
    const std::string_view name = text_.substr(first + 1, at_ - first - 1);
    if (name.empty() && at_ < text_.size() && std::strchr(",;:! ", text_[at_]) && text_[at_] != '\0') {  // a thin space
      ++at_;
      return;
    }
    apart_ = true;
    if (name.empty()) return;
    if (name == "begin" || name == "end") {
      const size_t behind = behind_group(at_);
      at_ = name == "begin" && behind > at_ ? behind_group(behind) : behind;
    } else if (const std::string_view word = spoken(name); !word.empty()) {
      whole_word(word, first, at_);
    } else if (takes_two_arguments(name)) {
      bare_ = 2;
    }
  }

  void high() {
    const size_t first = at_;
    const char32_t c = next_code_point(text_, at_);
    if (is_not_there(c)) return;
    if (c == 0xFFFD) {
      close();
      apart_ = true;
      bare_ = 0;
      return;
    }
    if (const Script* found = find(kScripts, c)) {
      if (!script_) close();
      for (const char* digit = found->digits; *digit; ++digit) {
        apart_ = true;
        if (*digit == ' ') close();
        else append(std::string_view(digit, 1), *digit <= '9' ? Kind::digits : Kind::letters, first, at_);
        script_ = true;
      }
      if (std::strlen(found->digits) > 1) close();  // "½2" are three numbers
      return;
    }
    if (script_) close();
    if (const Plain* found = find(kPlain, c)) {
      append(found->letters, static_cast<unsigned char>(found->letters[0]) < 0x80 ? Kind::letters : Kind::greek, first, at_);
      return;
    }
    if (c == 0x221A) return whole_word("sqrt", first, at_);
    if (c == 0x221E) return whole_word("infinity", first, at_);
    char32_t plain = c;
    if (c >= 0xFF01 && c <= 0xFF5E) plain = c - 0xFEE0;
    else if (c >= 0x1D400 && c <= 0x1D6A3) plain = (c - 0x1D400) % 52 < 26 ? 'a' + (c - 0x1D400) % 52 : 'a' + (c - 0x1D400) % 52 - 26;
    else if (c >= 0x1D6A8 && c <= 0x1D7CB) plain = mathematical_greek(c);
    else if (c >= 0x1D7CE && c <= 0x1D7FF) plain = '0' + (c - 0x1D7CE) % 10;
    else plain = without_marks(c);
    plain = lower(plain);
    const text::CharClass kind = text::char_class(plain);
    if (kind == text::CharClass::mark) return;
    if (kind != text::CharClass::letter && kind != text::CharClass::number) {
      close();
      if (kind != text::CharClass::space) {
        apart_ = true;
        bare_ = 0;
      }
      break_ = break_ || ends_a_sentence(c);
      return;
    }
    std::string letter;
    append_utf8(letter, plain);
    if (stands_alone(plain)) return whole_word(letter, first, at_);
    append(letter, kind == text::CharClass::number ? Kind::digits : plain >= 0x370 && plain <= 0x3FF ? Kind::greek : Kind::letters, first, at_);
  }

  std::string_view text_;
  OverlapWords& out_;
  size_t at_ = 0;
  // The word at hand.
  bool open_ = false;
  Kind kind_ = Kind::letters;
  bool script_ = false;         // of digits and letters above or below the line
  size_t begin_ = 0, end_ = 0;  // in the text
  size_t letters_begin_ = 0;    // in out_.letters
  // Before it.
  bool break_ = true;           // the text starts, or a line, sentence or tag ends
  bool apart_ = false;          // more than spaces stands there
  bool last_is_single_ = false; // the last word is of single letters
  size_t last_begin_ = 0;       // in out_.letters
  int bare_ = 0;                // arguments of \frac that may come as one bare character
};

}  // namespace

void OverlapWords::clear() {
  hashes.clear();
  begin.clear();
  end.clear();
  letters_end.clear();
  letters.clear();
  breaks.clear();
}

void split_into_words(std::string_view text, OverlapWords& words) { Splitter(text, words).run(); }

}  // namespace reprise::data
