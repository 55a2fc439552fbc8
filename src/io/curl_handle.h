// A libcurl transfer in RAII, and what all of ours have in common. For the files of this room only.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace reprise::io {

using CurlHandle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using CurlHeaders = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// Throws Error when libcurl cannot be started. The protocols are http and https; redirects are followed.
CurlHandle open_curl(const std::string& url);
// The Authorization header ("" for none); libcurl leaves it out when a redirect leads to another host.
CurlHeaders token_header(CURL* handle, const std::string& token);
long curl_status(CURL* handle);

}  // namespace reprise::io
