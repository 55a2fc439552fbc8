// Downloads against a server of this machine: resumed, retried, refused, and kept only with the right hash.
#include "io/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "support/local_server.h"

namespace reprise::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::fault_of;

class Downloads : public ::testing::Test {
 protected:
  Downloads() {
    for (int i = 0; i < 50000; ++i) bytes_ += static_cast<char>('a' + (i * 7 + i / 26) % 26);
    server_.file("/data.bin").bytes = bytes_;
  }
  Download request(const std::string& path = "/data.bin") {
    Download out;
    out.url = server_.url(path);
    out.target = folder_.path() / "deep" / "data.bin";
    out.sha256 = sha256_hex(bytes_);
    out.first_wait_seconds = 0;
    return out;
  }
  testing::LocalServer server_;
  TemporaryFolder folder_;
  std::string bytes_;
};

TEST_F(Downloads, ArriveWholeAndAreNotFetchedTwice) {
  EXPECT_TRUE(download(request()));
  EXPECT_EQ(read_file(request().target), bytes_);
  EXPECT_FALSE(download(request()));
  EXPECT_EQ(server_.requests().size(), 1u);
  int files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(request().target.parent_path())) ++files;
  EXPECT_EQ(files, 1) << "no part and no lock is left";
}

TEST_F(Downloads, GoOnWhereTheConnectionBroke) {
  server_.file("/data.bin").cut_after = 20000;
  EXPECT_TRUE(download(request()));
  EXPECT_EQ(read_file(request().target), bytes_);
  EXPECT_THAT(server_.requests(), ElementsAre("GET /data.bin 0", "GET /data.bin 20000"));
}

TEST_F(Downloads, GoOnInAnotherProcessToo) {
  auto first = request();
  first.num_retries = 0;
  server_.file("/data.bin").cut_after = 12345;
  EXPECT_THAT(fault_of([&] { download(first); }), HasSubstr("start again later; what came is kept"));
  EXPECT_TRUE(download(request()));
  EXPECT_EQ(read_file(request().target), bytes_);
  EXPECT_THAT(server_.requests(), ElementsAre("GET /data.bin 0", "GET /data.bin 12345"));
}

TEST_F(Downloads, BeginAnewWhereTheServerDoesNoRanges) {
  server_.file("/data.bin").cut_after = 20000;
  server_.file("/data.bin").ranges = false;
  EXPECT_TRUE(download(request()));
  EXPECT_EQ(read_file(request().target), bytes_);
}

TEST_F(Downloads, TakeAPartThatIsWhole) {
  make_folders(request().target.parent_path());
  write_file(request().target.string() + ".part", bytes_);
  EXPECT_TRUE(download(request()));
  EXPECT_EQ(read_file(request().target), bytes_);
}

TEST_F(Downloads, DropAPartOfAnotherFile) {
  make_folders(request().target.parent_path());
  write_file(request().target.string() + ".part", bytes_ + "and more");
  EXPECT_TRUE(download(request()));
  EXPECT_EQ(read_file(request().target), bytes_);
}

TEST_F(Downloads, DropAPartOfAnOlderFile) {
  make_folders(request().target.parent_path());
  write_file(request().target.string() + ".part", "older bytes");
  EXPECT_TRUE(download(request()));
  EXPECT_EQ(read_file(request().target), bytes_);
}

TEST_F(Downloads, TryAgainAfterPassingFaults) {
  server_.file("/data.bin").num_faults = 3;
  EXPECT_TRUE(download(request()));
  EXPECT_EQ(server_.requests().size(), 4u);
}

TEST_F(Downloads, GiveUpInOneLine) {
  server_.file("/data.bin").num_faults = 100;
  const std::string fault = fault_of([&] { download(request()); });
  EXPECT_THAT(fault, HasSubstr("cannot be downloaded: HTTP 503"));
  EXPECT_EQ(fault.find('\n'), std::string::npos);
  EXPECT_EQ(server_.requests().size(), 5u);
}

TEST_F(Downloads, KeepNothingWithAWrongHash) {
  auto wrong = request();
  wrong.sha256 = std::string(64, '0');
  EXPECT_THAT(fault_of([&] { download(wrong); }), HasSubstr("nothing was kept"));
  EXPECT_FALSE(fs::exists(wrong.target));
  EXPECT_FALSE(fs::exists(wrong.target.string() + ".part"));
}

TEST_F(Downloads, LeaveAFileAloneThatIsNotTheirs) {
  make_folders(request().target.parent_path());
  write_file(request().target, "mine");
  EXPECT_THAT(fault_of([&] { download(request()); }), HasSubstr("move it away"));
  EXPECT_EQ(read_file(request().target), "mine");
}

TEST_F(Downloads, AreRefusedWithoutAToken) {
  server_.file("/data.bin").token = "secret";
  const std::string fault = fault_of([&] { download(request()); });
  EXPECT_THAT(fault, HasSubstr("HTTP 401"));
  EXPECT_THAT(fault, HasSubstr("HF_TOKEN"));
  auto with_token = request();
  with_token.bearer_token = "secret";
  EXPECT_TRUE(download(with_token));
}

TEST_F(Downloads, SayWhatIsMissing) {
  EXPECT_THAT(fault_of([&] { download(request("/nothing")); }), HasSubstr("no such file (HTTP 404)"));
  EXPECT_EQ(server_.requests().size(), 1u) << "a 404 is not tried again";
}

TEST_F(Downloads, FollowRedirectsButNotToFiles) {
  server_.file("/moved").redirect = server_.url("/data.bin");
  EXPECT_TRUE(download(request("/moved")));
  server_.file("/evil").redirect = "file:///etc/passwd";
  auto evil = request("/evil");
  evil.target = folder_.path() / "evil";
  evil.num_retries = 0;
  EXPECT_THROW(download(evil), Error);
  EXPECT_FALSE(fs::exists(evil.target));
}

TEST_F(Downloads, StopWhenAsked) {
  auto stopped = request();
  stopped.stop = [] { return true; };
  EXPECT_THROW(download(stopped), Interrupted);
  EXPECT_FALSE(fs::exists(stopped.target));
}

TEST_F(Downloads, MayBeCheckedByGitsHash) {
  auto git = request();
  git.sha256.clear();
  write_file(folder_.path() / "hello", "hello\n");
  EXPECT_EQ(git_blob_sha1_file_hex(folder_.path() / "hello"), "ce013625030ba8dba906f756967f9e9ca394464a");  // git hash-object
  git.git_sha1 = std::string(40, '1');
  EXPECT_THAT(fault_of([&] { download(git); }), HasSubstr("git blob"));
}

TEST_F(Downloads, OfTextsAreBounded) {
  EXPECT_EQ(http_get(server_.url("/data.bin"), ""), bytes_);
  EXPECT_THAT(fault_of([&] { http_get(server_.url("/data.bin"), "", 1000); }), HasSubstr("longer than"));
  EXPECT_THAT(fault_of([&] { http_get(server_.url("/nothing"), ""); }), HasSubstr("404"));
}

}  // namespace
}  // namespace reprise::io
