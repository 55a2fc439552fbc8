// A small hand-written plot library: inline SVG whose colours are CSS classes of the report's page, so that a
// plot follows the page into dark mode and onto paper. Colours are Okabe and Ito's, told apart by the
// colour-blind; series also differ in dash. No script, no font but the page's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "evaluation/harness/statistics.h"

namespace reprise::evaluation {

// Ticks at 1, 2 or 5 times a power of ten that lie within [low, high]; at least 2 where low < high.
std::vector<double> nice_ticks(double low, double high, int about);
// A tick in as many decimals as its spacing needs: 0.25, 30, 1.2k.
std::string tick_text(double value, double spacing);

struct Series {
  std::string label;                              // "" stands in no legend
  std::vector<std::pair<double, double>> points;  // by rising x
  int colour = 0;                                 // of eight
  bool thin = false;                              // the raw curve behind its mean
};

struct LinePlot {
  std::string title, x_label;
  std::vector<Series> series;
  double width = 340, height = 200;
  bool percent = false;     // values are shares, shown times 100
  bool from_zero = false;   // the y axis begins at 0
};
// "" when no series has a point.
std::string line_plot(const LinePlot& plot);

// Points with their intervals over categories (accuracy by level), one colour a series.
struct IntervalPoint {
  double x = 0, y = 0;
  Interval interval;
};
struct IntervalSeries {
  std::string label;
  std::vector<IntervalPoint> points;
  int colour = 0;
};
std::string interval_plot(const std::string& title, const std::string& x_label,
                          const std::vector<IntervalSeries>& series, double width, double height);

// One claim: its interval and estimate against the threshold; the claimed side is tinted, the seeds are ticks.
struct ForestRow {
  double estimate = 0;
  Interval interval;
  double threshold = 0;
  bool claimed_above = true;
  double scale = 1;  // 100 for shares
  std::string unit;  // under the axis
  std::vector<double> by_seed;
  std::string css_class;  // colour of the interval
};
std::string forest_plot(const ForestRow& row, double width = 380);

// Rows of two intervals over one axis: a score of ours (above, a dot) beside a published one (below, a square). Wider than a phone: goes into a .scroll.
struct PairedBar {
  std::string label;
  double ours = 0, theirs = 0;
  Interval our_interval, their_interval;  // infinite ends are not drawn
  std::string css_class;                  // colour of ours
};
std::string paired_bars(const std::vector<PairedBar>& rows, double scale, const std::string& unit, const std::string& description);

// Trailing mean over `window` points, at the points' x.
std::vector<std::pair<double, double>> smoothed(const std::vector<std::pair<double, double>>& points, size_t window);
// At most max_points, neighbours averaged.
std::vector<std::pair<double, double>> thinned(const std::vector<std::pair<double, double>>& points, size_t max_points);

}  // namespace reprise::evaluation
