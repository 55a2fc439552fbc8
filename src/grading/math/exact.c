/* FLINT calls abort() where it gives up; here it jumps back to the call that asked, and the machine counts as broken
   (what it had allocated is lost, which is rare and small). */
#include "grading/math/exact.h"

#include <calcium/ca.h>
#include <calcium/fmpz_mpoly_q.h>
#include <flint/fmpz_mpoly_factor.h>
#include <setjmp.h>
#include <stdlib.h>

#define MAX_STACK 512

static __thread jmp_buf* landing = NULL;

FLINT_NORETURN static void give_up(void) {
  if (landing != NULL) longjmp(*landing, 1);
  abort();
}

static void watch_flint(void) { flint_set_abort(give_up); }

/* Runs the statements; on FLINT's abort sets *broken to 1 and leaves with `result`. (2: broken, but whole: it can be freed.) */
#define GUARDED(broken, result, statements) \
  jmp_buf here;                             \
  jmp_buf* const outer = landing;           \
  if (setjmp(here) != 0) {                  \
    landing = outer;                        \
    *(broken) = 1;                          \
    return result;                          \
  }                                         \
  landing = &here;                          \
  statements;                               \
  landing = outer;

struct exact_numbers {
  ca_ctx_t context;
  ca_struct stack[MAX_STACK];
  int size, broken;
};

exact_numbers* exact_numbers_new(void) {
  watch_flint();
  exact_numbers* m = malloc(sizeof *m);
  if (m == NULL) return NULL;
  m->size = m->broken = 0;
  ca_ctx_init(m->context);
  /* Smaller than Calcium's defaults: what is not decided within them is told apart by balls. */
  ca_ctx_set_option(m->context, CA_OPT_PREC_LIMIT, 2048);
  ca_ctx_set_option(m->context, CA_OPT_QQBAR_DEG_LIMIT, 60);
  return m;
}

void exact_numbers_free(exact_numbers* m) {
  if (m == NULL) return;
  if (m->broken != 1) {
    for (int i = 0; i < m->size; ++i) ca_clear(&m->stack[i], m->context);
    ca_ctx_clear(m->context);
  }
  free(m);
}

static ca_struct* push_number(exact_numbers* m) {
  if (m->broken || m->size == MAX_STACK) {
    m->broken = 2;
    return NULL;
  }
  ca_struct* top = &m->stack[m->size++];
  ca_init(top, m->context);
  return top;
}

int exact_push(exact_numbers* m, const fmpq_t value) {
  ca_struct* top = push_number(m);
  if (top == NULL) return 0;
  GUARDED(&m->broken, 0, ca_set_fmpq(top, value, m->context))
  return 1;
}

static void pop_number(exact_numbers* m) { ca_clear(&m->stack[--m->size], m->context); }

int exact_apply(exact_numbers* m, enum exact_op op) {
  if (m->broken) return 0;
  if (op == EXACT_PI || op == EXACT_E || op == EXACT_I) {
    ca_struct* top = push_number(m);
    if (top == NULL) return 0;
    GUARDED(&m->broken, 0, {
      if (op == EXACT_PI) ca_pi(top, m->context);
      else if (op == EXACT_I) ca_i(top, m->context);
      else {
        ca_one(top, m->context);
        ca_exp(top, top, m->context);
      }
    })
    return 1;
  }
  const int binary = op == EXACT_ADD || op == EXACT_SUBTRACT || op == EXACT_MULTIPLY || op == EXACT_DIVIDE || op == EXACT_POWER;
  if (m->size < 1 + binary) {
    m->broken = 2;
    return 0;
  }
  ca_struct* x = &m->stack[m->size - 1 - binary];
  ca_struct* y = &m->stack[m->size - 1];
  GUARDED(&m->broken, 0, {
    switch (op) {
      case EXACT_ADD: ca_add(x, x, y, m->context); break;
      case EXACT_SUBTRACT: ca_sub(x, x, y, m->context); break;
      case EXACT_MULTIPLY: ca_mul(x, x, y, m->context); break;
      case EXACT_DIVIDE: ca_div(x, x, y, m->context); break;
      case EXACT_POWER: ca_pow(x, x, y, m->context); break;
      case EXACT_NEGATE: ca_neg(x, x, m->context); break;
      case EXACT_SQRT: ca_sqrt(x, x, m->context); break;
      case EXACT_EXP: ca_exp(x, x, m->context); break;
      case EXACT_LOG: ca_log(x, x, m->context); break;
      case EXACT_SIN: ca_sin(x, x, m->context); break;
      case EXACT_COS: ca_cos(x, x, m->context); break;
      case EXACT_TAN: ca_tan(x, x, m->context); break;
      case EXACT_ASIN: ca_asin(x, x, m->context); break;
      case EXACT_ACOS: ca_acos(x, x, m->context); break;
      case EXACT_ATAN: ca_atan(x, x, m->context); break;
      case EXACT_ABS: ca_abs(x, x, m->context); break;
      case EXACT_FLOOR: ca_floor(x, x, m->context); break;
      case EXACT_CEIL: ca_ceil(x, x, m->context); break;
      default: break;
    }
    if (binary) pop_number(m);
  })
  return 1;
}

int exact_is_zero(exact_numbers* m) {
  if (m->broken || m->size < 1) return 2;
  truth_t truth = T_UNKNOWN;
  GUARDED(&m->broken, 2, {
    ca_struct* x = &m->stack[m->size - 1];
    truth = ca_check_is_number(x, m->context) == T_TRUE ? ca_check_is_zero(x, m->context) : T_UNKNOWN;
    pop_number(m);
  })
  return truth == T_TRUE ? 1 : truth == T_FALSE ? -1 : 0;
}

struct exact_fractions {
  fmpz_mpoly_ctx_t context;
  fmpz_mpoly_q_struct stack[MAX_STACK];
  int size, broken;
};

exact_fractions* exact_fractions_new(long num_symbols) {
  watch_flint();
  exact_fractions* m = malloc(sizeof *m);
  if (m == NULL) return NULL;
  m->size = m->broken = 0;
  fmpz_mpoly_ctx_init(m->context, num_symbols > 0 ? num_symbols : 1, ORD_LEX);
  return m;
}

void exact_fractions_free(exact_fractions* m) {
  if (m == NULL) return;
  if (m->broken != 1) {
    for (int i = 0; i < m->size; ++i) fmpz_mpoly_q_clear(&m->stack[i], m->context);
    fmpz_mpoly_ctx_clear(m->context);
  }
  free(m);
}

static fmpz_mpoly_q_struct* push_fraction(exact_fractions* m) {
  if (m->broken || m->size == MAX_STACK) {
    m->broken = 2;
    return NULL;
  }
  fmpz_mpoly_q_struct* top = &m->stack[m->size++];
  fmpz_mpoly_q_init(top, m->context);
  return top;
}

int exact_fractions_push(exact_fractions* m, const fmpq_t value) {
  fmpz_mpoly_q_struct* top = push_fraction(m);
  if (top == NULL) return 0;
  fmpz_mpoly_q_set_fmpq(top, value, m->context);
  return 1;
}

int exact_fractions_push_symbol(exact_fractions* m, long symbol) {
  fmpz_mpoly_q_struct* top = push_fraction(m);
  if (top == NULL) return 0;
  fmpz_mpoly_q_gen(top, symbol, m->context);
  return 1;
}

static long terms(const fmpz_mpoly_q_struct* x, const exact_fractions* m, int below) {
  return below ? fmpz_mpoly_length(&x->den, m->context) : fmpz_mpoly_length(&x->num, m->context);
}

/* Whether the product or sum of the two stays within max_terms terms before anything cancels. */
static int fits(const exact_fractions* m, const fmpz_mpoly_q_struct* x, const fmpz_mpoly_q_struct* y, long max_terms) {
  const long a = terms(x, m, 0), b = terms(x, m, 1), c = terms(y, m, 0), d = terms(y, m, 1);
  return a * d <= max_terms && b * c <= max_terms && b * d <= max_terms && a * c <= max_terms;
}

int exact_fractions_apply(exact_fractions* m, enum exact_op op, long max_terms) {
  const int binary = op != EXACT_NEGATE;
  if (m->broken || m->size < 1 + binary) {
    m->broken = 2;
    return 0;
  }
  fmpz_mpoly_q_struct* x = &m->stack[m->size - 1 - binary];
  fmpz_mpoly_q_struct* y = &m->stack[m->size - 1];
  if ((binary && !fits(m, x, y, max_terms)) || (op == EXACT_DIVIDE && fmpz_mpoly_is_zero(&y->num, m->context))) {
    m->broken = 2;
    return 0;
  }
  GUARDED(&m->broken, 0, {
    switch (op) {
      case EXACT_ADD: fmpz_mpoly_q_add(x, x, y, m->context); break;
      case EXACT_SUBTRACT: fmpz_mpoly_q_sub(x, x, y, m->context); break;
      case EXACT_MULTIPLY: fmpz_mpoly_q_mul(x, x, y, m->context); break;
      case EXACT_DIVIDE: fmpz_mpoly_q_div(x, x, y, m->context); break;
      case EXACT_NEGATE: fmpz_mpoly_q_neg(x, x, m->context); break;
      default: break;
    }
    if (binary) fmpz_mpoly_q_clear(&m->stack[--m->size], m->context);
  })
  return 1;
}

int exact_fractions_power(exact_fractions* m, long exponent, long max_terms) {
  if (m->broken || m->size < 1) {
    m->broken = 2;
    return 0;
  }
  fmpz_mpoly_q_struct* x = &m->stack[m->size - 1];
  const long most = terms(x, m, 0) > terms(x, m, 1) ? terms(x, m, 0) : terms(x, m, 1);
  /* A sum of t terms to the power n has up to C(n + t - 1, n) terms. */
  double count = 1;
  const long n = exponent < 0 ? -exponent : exponent;
  for (long i = 1; i < most && count <= (double)max_terms; ++i) count = count * (double)(n + i) / (double)i;
  if (count > (double)max_terms || (exponent < 0 && fmpz_mpoly_is_zero(&x->num, m->context))) {
    m->broken = 2;
    return 0;
  }
  int done = 1;
  GUARDED(&m->broken, 0, {
    if (exponent < 0) fmpz_mpoly_q_inv(x, x, m->context);
    done = fmpz_mpoly_pow_ui(&x->num, &x->num, (ulong)n, m->context) && fmpz_mpoly_pow_ui(&x->den, &x->den, (ulong)n, m->context);
  })
  if (!done) m->broken = 2;
  return done;
}

int exact_fractions_equal(exact_fractions* m) {
  if (m->broken || m->size < 2) return 0;
  return fmpz_mpoly_q_equal(&m->stack[m->size - 2], &m->stack[m->size - 1], m->context);
}

/* Primitive part with a positive leading coefficient; returns the sign that was taken off. */
static int primitive(fmpz_mpoly_t out, const fmpz_mpoly_t in, const fmpz_mpoly_ctx_t context) {
  fmpz_t content;
  fmpz_init(content);
  fmpz_mpoly_get_term_coeff_fmpz(content, in, 0, context);
  const int sign = fmpz_sgn(content);
  _fmpz_vec_content(content, in->coeffs, in->length);
  if (sign < 0) fmpz_neg(content, content);
  fmpz_mpoly_scalar_divexact_fmpz(out, in, content, context);
  fmpz_clear(content);
  return sign;
}

int exact_fractions_proportional(exact_fractions* m) {
  if (m->broken || m->size < 2) return 0;
  const fmpz_mpoly_struct *x = &m->stack[m->size - 2].num, *y = &m->stack[m->size - 1].num;
  if (fmpz_mpoly_is_zero(x, m->context) || fmpz_mpoly_is_zero(y, m->context)) return fmpz_mpoly_is_zero(x, m->context) && fmpz_mpoly_is_zero(y, m->context);
  fmpz_mpoly_t a, b;
  int result = 0;
  GUARDED(&m->broken, 0, {
    fmpz_mpoly_init(a, m->context);
    fmpz_mpoly_init(b, m->context);
    const int sign = primitive(a, x, m->context) * primitive(b, y, m->context);
    result = fmpz_mpoly_equal(a, b, m->context) ? sign : 0;
    fmpz_mpoly_clear(a, m->context);
    fmpz_mpoly_clear(b, m->context);
  })
  return result;
}

/* The product of the bases of the squarefree factorisation, primitive. */
static int radical(fmpz_mpoly_t out, const fmpz_mpoly_t in, const fmpz_mpoly_ctx_t context) {
  fmpz_mpoly_factor_t factors;
  fmpz_mpoly_factor_init(factors, context);
  const int done = fmpz_mpoly_factor_squarefree(factors, in, context);
  fmpz_mpoly_one(out, context);
  for (slong i = 0; done && i < factors->num; ++i) fmpz_mpoly_mul(out, out, factors->poly + i, context);
  fmpz_mpoly_factor_clear(factors, context);
  if (done) (void)primitive(out, out, context);
  return done;
}

int exact_fractions_same_zeros(exact_fractions* m) {
  if (m->broken || m->size < 2) return 0;
  const fmpz_mpoly_struct *x = &m->stack[m->size - 2].num, *y = &m->stack[m->size - 1].num;
  if (fmpz_mpoly_is_zero(x, m->context) || fmpz_mpoly_is_zero(y, m->context)) return fmpz_mpoly_is_zero(x, m->context) && fmpz_mpoly_is_zero(y, m->context);
  fmpz_mpoly_t a, b;
  int result = 0;
  GUARDED(&m->broken, 0, {
    fmpz_mpoly_init(a, m->context);
    fmpz_mpoly_init(b, m->context);
    result = radical(a, x, m->context) && radical(b, y, m->context) && fmpz_mpoly_equal(a, b, m->context);
    fmpz_mpoly_clear(a, m->context);
    fmpz_mpoly_clear(b, m->context);
  })
  return result;
}

int exact_fractions_is_constant(exact_fractions* m) {
  if (m->broken || m->size < 1) return 0;
  const fmpz_mpoly_q_struct* x = &m->stack[m->size - 1];
  return fmpz_mpoly_is_fmpz(&x->num, m->context) && fmpz_mpoly_is_fmpz(&x->den, m->context);
}
