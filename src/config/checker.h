// What a config's own check() may ask and say, after each key has been read by itself:
//   void check(config::Checker& c) const {
//     if (beta == 0 && c.given("reference_update_steps"))
//       c.problem("reference_update_steps", "has no effect while beta is 0", "remove it, or set beta");
//   }
#pragma once

#include <string>

namespace reprise::config {

class Checker {
 public:
  virtual ~Checker() = default;
  // The recipe says this key itself (it is not its default).
  virtual bool given(const std::string& key) const = 0;
  // The message stands at the key, or at the map where the key is not given: "'key' what; hint".
  virtual void problem(const std::string& key, const std::string& what, const std::string& hint) = 0;
};

}  // namespace reprise::config
