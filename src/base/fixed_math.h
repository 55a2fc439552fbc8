// log, exp, cos by fixed sequences of IEEE double operations: the same bits with every libm, compiler flag
// (no contraction: this room is built with -ffp-contract=off) and machine. Accurate to a few units in the
// last place, which is all that random draws and schedules need.
#pragma once

namespace reprise {

double fixed_log(double x);        // x > 0 finite, else NaN/-inf as libm
double fixed_exp(double x);        // underflows to 0, overflows to inf
double fixed_cos_turns(double t);  // cos(2 pi t), any finite t
double fixed_sqrt(double x);       // IEEE sqrt is exact: correctly rounded everywhere
double fixed_pow(double base, double exponent);  // base > 0

}  // namespace reprise
