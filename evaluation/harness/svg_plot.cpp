// Plots as text. Coordinates are rounded to a tenth of a pixel, which keeps a page of fifty curves small.
#include "evaluation/harness/svg_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/strings.h"
#include "evaluation/harness/html_text.h"

namespace reprise::evaluation {

namespace {

constexpr double kLeft = 46, kRight = 10, kTop = 26, kBottom = 36;
constexpr int kNumColours = 8;

std::string px(double value) {
  std::string text = format_fixed(value, 1);
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

std::string line(double x1, double y1, double x2, double y2, const std::string& css) {
  return "<line class=\"" + css + "\" x1=\"" + px(x1) + "\" y1=\"" + px(y1) + "\" x2=\"" + px(x2) + "\" y2=\"" + px(y2) + "\"/>";
}

std::string text(double x, double y, const std::string& css, const std::string& anchor, const std::string& words) {
  return "<text class=\"" + css + "\" x=\"" + px(x) + "\" y=\"" + px(y) + "\" text-anchor=\"" + anchor + "\">" +
         escape_html(words) + "</text>";
}

std::string open_svg(double width, double height, const std::string& title) {
  return "<svg class=\"plot\" viewBox=\"0 0 " + px(width) + " " + px(height) + "\" width=\"" + px(width) + "\" height=\"" +
         px(height) + "\" role=\"img\" aria-label=\"" + escape_html(title) + "\">";
}

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
  // Room around the data; a flat curve gets a range of its own size.
  void pad(double share) {
    double room = (high - low) * share;
    // Rounding of a running mean makes a flat curve almost flat: do not magnify it.
    const double size = std::max(std::abs(low), std::abs(high));
    if (high - low <= 1e-9 * size) room = size == 0 ? 1 : size * 0.1;
    low -= room;
    high += room;
  }
};

// The frame of a plot: axes, ticks, grid, title, and the map from data to pixels.
struct Frame {
  Range x, y;
  double width, height;
  double px_x(double value) const { return kLeft + (value - x.low) / (x.high - x.low) * (width - kLeft - kRight); }
  double px_y(double value) const { return height - kBottom - (value - y.low) / (y.high - y.low) * (height - kTop - kBottom); }

  std::string draw(const std::string& title, const std::string& x_label, const std::vector<double>& x_ticks, bool percent) const {
    std::string svg = open_svg(width, height, title) + text(kLeft - 38, 14, "title", "start", title + (percent ? " (%)" : ""));
    const double scale = percent ? 100 : 1;
    const auto ticks = nice_ticks(y.low * scale, y.high * scale, 5);
    const double y_spacing = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
    for (const double tick : ticks) {
      const double at = px_y(tick / scale);
      svg += line(kLeft, at, width - kRight, at, "grid") + text(kLeft - 5, at + 3.5, "tick", "end", tick_text(tick, y_spacing));
    }
    const double x_spacing = x_ticks.size() > 1 ? x_ticks[1] - x_ticks[0] : 1;
    for (const double tick : x_ticks) {
      svg += line(px_x(tick), height - kBottom, px_x(tick), height - kBottom + 3, "axis") +
             text(px_x(tick), height - kBottom + 15, "tick", "middle", tick_text(tick, x_spacing));
    }
    svg += line(kLeft, height - kBottom, width - kRight, height - kBottom, "axis");
    return svg + text(0.5 * (kLeft + width - kRight), height - 5, "tick", "middle", x_label);
  }
};

// Labels under the title's line, right to left would need text widths: they stand below the plot instead.
std::string legend(const std::vector<std::pair<std::string, int>>& entries) {
  if (entries.size() < 2) return "";
  std::string html = "<div class=\"legend\">";
  for (const auto& [label, colour] : entries) {
    html += "<span><i class=\"key k" + std::to_string(colour % kNumColours) + "\"></i>" + escape_html(label) + "</span>";
  }
  return html + "</div>";
}

}  // namespace

std::vector<double> nice_ticks(double low, double high, int about) {
  std::vector<double> ticks;
  if (!(high > low) || !std::isfinite(high - low)) return ticks;
  const double rough = (high - low) / std::max(about, 2);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * 0.999) {
      step = factor * power;
      break;
    }
  }
  // A coarse step can miss a narrow range: halve until two ticks fall inside.
  for (int tries = 0; tries < 4; ++tries, step /= 2) {
    ticks.clear();
    const double slack = 1e-9 * step;
    for (double i = std::ceil((low - slack) / step); i * step <= high + slack && ticks.size() < 100; ++i) {
      ticks.push_back(i == 0 ? 0 : i * step);
    }
    if (ticks.size() >= 2) break;
  }
  return ticks;
}

std::string tick_text(double value, double spacing) {
  if (std::abs(value) >= 1e6 || (value != 0 && std::abs(spacing) < 1e-5)) return format_double(value);
  if (std::abs(value) >= 10'000) return tick_text(value / 1000, spacing / 1000) + "k";
  int decimals = 0;
  for (double step = std::abs(spacing); decimals < 6 && std::abs(step - std::round(step)) > 1e-6 * step; step *= 10) ++decimals;
  return number_text(value, decimals);
}

std::vector<std::pair<double, double>> smoothed(const std::vector<std::pair<double, double>>& points, size_t window) {
  std::vector<std::pair<double, double>> means;
  double sum = 0;
  window = std::max<size_t>(window, 1);
  for (size_t i = 0; i < points.size(); ++i) {
    sum += points[i].second;
    if (i >= window) sum -= points[i - window].second;
    means.emplace_back(points[i].first, sum / static_cast<double>(std::min(i + 1, window)));
  }
  return means;
}

std::vector<std::pair<double, double>> thinned(const std::vector<std::pair<double, double>>& points, size_t max_points) {
  if (points.size() <= max_points || max_points == 0) return points;
  std::vector<std::pair<double, double>> few;
  for (size_t i = 0; i < max_points; ++i) {
    const size_t begin = i * points.size() / max_points, end = (i + 1) * points.size() / max_points;
    double x = 0, y = 0;
    for (size_t j = begin; j < end; ++j) {
      x += points[j].first;
      y += points[j].second;
    }
    const auto n = static_cast<double>(end - begin);
    few.emplace_back(x / n, y / n);
  }
  return few;
}

std::string line_plot(const LinePlot& plot) {
  Frame frame{.width = plot.width, .height = plot.height};
  for (const Series& series : plot.series) {
    for (const auto& [x, y] : series.points) {
      frame.x.add(x);
      frame.y.add(y);
    }
  }
  if (frame.x.empty() || frame.y.empty()) return "";
  if (frame.x.low == frame.x.high) frame.x.pad(0);
  if (plot.from_zero) frame.y.add(0);
  const bool floor_at_zero = frame.y.low >= 0;
  frame.y.pad(0.05);
  if (floor_at_zero) frame.y.low = std::max(frame.y.low, 0.0);
  std::string svg = frame.draw(plot.title, plot.x_label, nice_ticks(frame.x.low, frame.x.high, 6), plot.percent);
  std::vector<std::pair<std::string, int>> entries;
  for (const Series& series : plot.series) {
    if (series.points.empty()) continue;
    if (!series.label.empty()) entries.emplace_back(series.label, series.colour);
    std::string points;
    for (const auto& [x, y] : series.points) {
      if (std::isfinite(y)) points += px(frame.px_x(x)) + "," + px(frame.px_y(y)) + " ";
    }
    svg += "<polyline class=\"line " + std::string(series.thin ? "thin " : "") + "c" +
           std::to_string(series.colour % kNumColours) + "\" points=\"" + points + "\"/>";
  }
  return "<figure>" + svg + "</svg>" + legend(entries) + "</figure>";
}

std::string interval_plot(const std::string& title, const std::string& x_label,
                          const std::vector<IntervalSeries>& series, double width, double height) {
  Frame frame{.width = width, .height = height};
  std::vector<double> ticks;
  for (const IntervalSeries& one : series) {
    for (const IntervalPoint& point : one.points) {
      frame.x.add(point.x);
      ticks.push_back(point.x);
    }
  }
  if (frame.x.empty()) return "";
  std::sort(ticks.begin(), ticks.end());
  ticks.erase(std::unique(ticks.begin(), ticks.end()), ticks.end());
  const double spacing = ticks.size() > 1 ? (ticks.back() - ticks.front()) / static_cast<double>(ticks.size() - 1) : 1;
  if (ticks.size() > 12) ticks = nice_ticks(ticks.front(), ticks.back(), 8);
  frame.x.low -= 0.6 * spacing;
  frame.x.high += 0.6 * spacing;
  frame.y = {0, 1};
  std::string svg = frame.draw(title, x_label, ticks, true);
  std::vector<std::pair<std::string, int>> entries;
  for (size_t s = 0; s < series.size(); ++s) {
    // Side by side within the category, so that intervals do not hide each other.
    const double shift = (static_cast<double>(s) - 0.5 * static_cast<double>(series.size() - 1)) * 0.7 * spacing /
                         static_cast<double>(std::max<size_t>(series.size(), 2));
    const std::string colour = "c" + std::to_string(series[s].colour % kNumColours);
    entries.emplace_back(series[s].label, series[s].colour);
    for (const IntervalPoint& point : series[s].points) {
      const double x = frame.px_x(point.x + shift);
      svg += line(x, frame.px_y(std::clamp(point.interval.low, 0.0, 1.0)), x, frame.px_y(std::clamp(point.interval.high, 0.0, 1.0)), "bar " + colour) +
             "<circle class=\"dot f" + colour.substr(1) + "\" cx=\"" + px(x) + "\" cy=\"" + px(frame.px_y(point.y)) + "\" r=\"3.2\"/>";
    }
  }
  return "<figure>" + svg + "</svg>" + legend(entries) + "</figure>";
}

std::string forest_plot(const ForestRow& row, double width) {
  constexpr double kHeight = 66, kMiddle = 22, kAxis = 40, kSide = 14;
  Range range;
  range.add(row.threshold * row.scale);
  range.add(row.estimate * row.scale);
  range.add(row.interval.low * row.scale);
  range.add(row.interval.high * row.scale);
  for (const double seed : row.by_seed) range.add(seed * row.scale);
  range.pad(0.12);
  const auto at = [&](double value) {
    return kSide + (std::clamp(value * row.scale, range.low, range.high) - range.low) / (range.high - range.low) * (width - 2 * kSide);
  };
  const double threshold = at(row.threshold);
  std::string svg = open_svg(width, kHeight, "estimate " + number_text(row.estimate * row.scale, 1) + " " + row.unit + ", 95 % interval " + interval_text(row.interval, row.scale));
  const double from = row.claimed_above ? threshold : kSide, to = row.claimed_above ? width - kSide : threshold;
  svg += "<rect class=\"side\" x=\"" + px(from) + "\" y=\"4\" width=\"" + px(std::max(0.0, to - from)) + "\" height=\"" + px(kAxis - 4) + "\"/>";
  svg += line(kSide, kAxis, width - kSide, kAxis, "axis");
  const auto ticks = nice_ticks(range.low, range.high, 6);
  const double spacing = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
  for (const double tick : ticks) {
    svg += line(at(tick / row.scale), kAxis, at(tick / row.scale), kAxis + 3, "axis") + text(at(tick / row.scale), kAxis + 14, "tick", "middle", tick_text(tick, spacing));
  }
  svg += text(width - kSide, kHeight - 1, "tick", "end", row.unit);
  svg += line(threshold, 4, threshold, kAxis, "threshold");
  for (const double seed : row.by_seed) svg += line(at(seed), kMiddle + 8, at(seed), kMiddle + 15, "seed");
  if (std::isfinite(row.estimate)) {
    const double low = at(row.interval.low), high = at(row.interval.high);
    svg += line(low, kMiddle, high, kMiddle, "interval " + row.css_class);
    if (std::isfinite(row.interval.low)) svg += line(low, kMiddle - 5, low, kMiddle + 5, "interval " + row.css_class);
    if (std::isfinite(row.interval.high)) svg += line(high, kMiddle - 5, high, kMiddle + 5, "interval " + row.css_class);
    svg += "<circle class=\"estimate " + row.css_class + "\" cx=\"" + px(at(row.estimate)) + "\" cy=\"" + px(kMiddle) + "\" r=\"5\"/>";
  }
  return svg + "</svg>";
}

std::string paired_bars(const std::vector<PairedBar>& rows, double scale, const std::string& unit, const std::string& description) {
  constexpr double kWidth = 760, kRow = 34, kLabels = 250, kSide = 16, kAxis = 34;
  if (rows.empty()) return "";
  Range range;
  for (const PairedBar& row : rows) {
    for (const double value : {row.ours, row.theirs, row.our_interval.low, row.our_interval.high, row.their_interval.low, row.their_interval.high}) range.add(value * scale);
  }
  range.pad(0.06);
  const double height = kRow * static_cast<double>(rows.size()) + kAxis, bottom = height - kAxis;
  const auto at = [&](double value) { return kLabels + (std::clamp(value * scale, range.low, range.high) - range.low) / (range.high - range.low) * (kWidth - kLabels - kSide); };
  std::string svg = open_svg(kWidth, height, description);
  const auto ticks = nice_ticks(range.low, range.high, 8);
  const double spacing = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
  for (const double tick : ticks) {
    const double x = at(tick / scale);
    svg += line(x, 0, x, bottom, "grid") + text(x, bottom + 15, "tick", "middle", tick_text(tick, spacing));
  }
  svg += line(kLabels, bottom, kWidth - kSide, bottom, "axis") + text(kWidth - kSide, height - 4, "tick", "end", unit);
  const auto bar = [&](const Interval& interval, double y, const std::string& css_class) {
    const double low = std::isfinite(interval.low) ? at(interval.low) : kLabels, high = std::isfinite(interval.high) ? at(interval.high) : kWidth - kSide;
    return line(low, y, high, y, css_class);
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    const PairedBar& row = rows[i];
    const double top = kRow * static_cast<double>(i), upper = top + 12, lower = top + 23;
    svg += text(kLabels - 10, top + 21, "tick", "end", row.label);
    svg += bar(row.our_interval, upper, "interval " + row.css_class) + "<circle class=\"estimate " + row.css_class + "\" cx=\"" + px(at(row.ours)) + "\" cy=\"" + px(upper) + "\" r=\"4.5\"/>";
    svg += bar(row.their_interval, lower, "bar c6") + "<rect class=\"f6\" x=\"" + px(at(row.theirs) - 4) + "\" y=\"" + px(lower - 4) + "\" width=\"8\" height=\"8\"/>";
  }
  return svg + "</svg>";
}

}  // namespace reprise::evaluation
