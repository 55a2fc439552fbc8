/* Two stack machines over FLINT and Calcium, in C because Calcium 0.4's headers are no C++. Every function returns 1, or 0
   when the machine is broken (a full stack, a bound passed, FLINT gave up): then nothing more may be asked of it. Not
   thread-safe: one machine belongs to one thread. */
#pragma once

#include <flint/fmpq.h>

#ifdef __cplusplus
extern "C" {
#endif

enum exact_op {
  EXACT_ADD, EXACT_SUBTRACT, EXACT_MULTIPLY, EXACT_DIVIDE, EXACT_NEGATE, EXACT_POWER, EXACT_SQRT, EXACT_EXP, EXACT_LOG,
  EXACT_SIN, EXACT_COS, EXACT_TAN, EXACT_ASIN, EXACT_ACOS, EXACT_ATAN, EXACT_ABS, EXACT_FLOOR, EXACT_CEIL, EXACT_PI, EXACT_E, EXACT_I
};

/* Elements of the field that elementary functions generate (Calcium, Johansson 2021): equality is decided where it can be. */
typedef struct exact_numbers exact_numbers;
exact_numbers* exact_numbers_new(void);
void exact_numbers_free(exact_numbers* machine);
int exact_push(exact_numbers* machine, const fmpq_t value);
int exact_apply(exact_numbers* machine, enum exact_op op);
/* Pops one. 1: it is zero, -1: it is not, 0: not decided, 2: the machine is broken. */
int exact_is_zero(exact_numbers* machine);

/* Quotients of polynomials with rational coefficients in num_symbols symbols, in lowest terms. */
typedef struct exact_fractions exact_fractions;
exact_fractions* exact_fractions_new(long num_symbols);
void exact_fractions_free(exact_fractions* machine);
int exact_fractions_push(exact_fractions* machine, const fmpq_t value);
int exact_fractions_push_symbol(exact_fractions* machine, long symbol);
/* ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE. Fails where the result could pass max_terms terms, and for a division by zero. */
int exact_fractions_apply(exact_fractions* machine, enum exact_op op, long max_terms);
int exact_fractions_power(exact_fractions* machine, long exponent, long max_terms);
/* Of the two on top, which stay: 1 equal, 0 not. */
int exact_fractions_equal(exact_fractions* machine);
/* Of the numerators of the two on top: 1: one is the other times a positive rational, -1: times a negative one, 0: neither. */
int exact_fractions_proportional(exact_fractions* machine);
/* Of the numerators of the two on top: 1 when they vanish at the same complex points (equal squarefree parts), else 0. */
int exact_fractions_same_zeros(exact_fractions* machine);
/* 1 when the top is a constant. */
int exact_fractions_is_constant(exact_fractions* machine);

#ifdef __cplusplus
}
#endif
