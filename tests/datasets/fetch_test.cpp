// Manifests and a hub of our own on this machine.
#include "datasets/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "support/local_server.h"
#include "support/test_data.h"

namespace reprise::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::fault_of;

std::string manifest_fault(const std::string& files) {
  TemporaryFolder folder;
  write_file(folder.path() / "m.yaml", "name: m\nlicence: MIT\nsource: here\nfiles:\n" + files);
  return fault_of([&] { read_fetch_manifest(folder.path() / "m.yaml"); });
}

const std::string kHash(64, 'a');

TEST(Manifests, MayNotLeaveTheFolder) {
  for (const char* path : {"../x", "/etc/x", "a/../../x", "..", "a\\..\\x"}) {
    EXPECT_THAT(manifest_fault("  - {path: '" + std::string(path) + "', url: 'http://h/x', sha256: " + kHash + "}\n"), HasSubstr("leaves the folder")) << path;
  }
}

TEST(Manifests, NeedHashesAndAddresses) {
  EXPECT_THAT(manifest_fault("  - {path: x, url: 'http://h/x', sha256: abc}\n"), HasSubstr("no hash"));
  EXPECT_THAT(manifest_fault("  - {path: x, url: 'file:///x', sha256: " + kHash + "}\n"), HasSubstr("no http(s) address"));
  EXPECT_THAT(manifest_fault("  - {path: x, url: 'http://h/x', sha256: " + kHash + "}\n  - {path: x, url: 'http://h/y', sha256: " + kHash + "}\n"), HasSubstr("twice"));
  EXPECT_THAT(manifest_fault("  []\n"), HasSubstr("names no files"));
  EXPECT_THAT(manifest_fault("  - {path: x, url: 'http://h/x'}\n"), HasSubstr("m.yaml:5"));
}

TEST(Manifests, OfTheTreeAreRead) {
  for (const auto& entry : fs::directory_iterator(testing::source_folder() / "datasets/manifests")) {
    EXPECT_NO_THROW(read_fetch_manifest(entry.path())) << entry.path();
  }
}

// What the manifests name and the shared data hold under the same name has the same bytes.
TEST(Manifests, HashWhatTheSharedDataHold) {
  REPRISE_NEEDS_DATA("gsm8k/test.jsonl");
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(testing::source_folder() / "datasets/manifests")) {
    for (const FetchFile& file : read_fetch_manifest(entry.path()).files) {
      const fs::path plain = testing::data_folder() / file.path, packed = plain.string() + ".gz";
      if (!fs::exists(plain) && !fs::exists(packed)) continue;
      EXPECT_EQ(sha256_hex(read_file_maybe_gzip(fs::exists(plain) ? plain : packed)), file.sha256) << file.path;
      ++compared;
    }
  }
  EXPECT_GE(compared, 7);
}

TEST(Manifests, FetchWithATokenFromTheEnvironment) {
  testing::LocalServer server;
  server.file("/a").bytes = "first";
  server.file("/b").bytes = "second";
  server.file("/b").token = "secret";
  TemporaryFolder folder;
  write_file(folder.path() / "m.yaml", "name: m\nlicence: MIT\nsource: here\ntoken_variable: REPRISE_TEST_TOKEN\nfiles:\n  - {path: d/a, url: '" + server.url("/a") +
                                           "', sha256: " + sha256_hex("first") + "}\n  - {path: d/b, url: '" + server.url("/b") + "', sha256: " + sha256_hex("second") + "}\n");
  const FetchManifest manifest = read_fetch_manifest(folder.path() / "m.yaml");
  ::unsetenv("REPRISE_TEST_TOKEN");
  EXPECT_THAT(fault_of([&] { fetch(manifest, folder.path(), {}, {}); }), HasSubstr("HTTP 401"));
  ::setenv("REPRISE_TEST_TOKEN", "secret", 1);
  const FetchReport report = fetch(manifest, folder.path(), {}, {});
  ::unsetenv("REPRISE_TEST_TOKEN");
  EXPECT_EQ(report.num_downloaded, 1);
  EXPECT_EQ(report.num_there, 1);
  EXPECT_EQ(read_file(folder.path() / "d/b"), "second");
}

TEST(Hub, GivesAModelAtOneCommit) {
  testing::LocalServer server;
  const std::string commit(40, 'c'), base = "/own/er", weights = "tensors", config = "{}";
  TemporaryFolder folder;
  write_file(folder.path() / "c", config);
  const std::string listing = R"({"sha":")" + commit + R"(","cardData":{"license":"mit"},"siblings":[)" +
      R"({"rfilename":"config.json","blobId":")" + git_blob_sha1_file_hex(folder.path() / "c") + R"(","size":2},)" +
      R"({"rfilename":"model.safetensors","blobId":"x","size":7,"lfs":{"sha256":")" + sha256_hex(weights) + R"("}},)" +
      R"({"rfilename":"pytorch_model.bin","blobId":"x","size":7},{"rfilename":"onnx/model.safetensors","blobId":"x"}]})";
  server.file("/api/models/own/er/revision/main?blobs=true").bytes = listing;
  server.file(base + "/resolve/" + commit + "/config.json").bytes = config;
  server.file(base + "/resolve/" + commit + "/model.safetensors").bytes = weights;
  const FetchManifest manifest = hub_manifest(server.url(""), "own/er", "main", "");
  EXPECT_EQ(manifest.revision, commit);
  EXPECT_EQ(manifest.licence, "mit");
  ASSERT_EQ(manifest.files.size(), 2u);
  const FetchReport report = fetch(manifest, folder.path() / "model", {}, {});
  EXPECT_EQ(report.num_downloaded, 2);
  EXPECT_EQ(read_file(folder.path() / "model/model.safetensors"), weights);
}

TEST(Hub, IsNotTrusted) {
  testing::LocalServer server;
  const std::string commit(40, 'c'), hash = kHash, start = R"({"sha":")" + commit + R"(","siblings":[)";
  const auto fault = [&](const std::string& answer) {
    server.file("/api/models/o/m/revision/main?blobs=true").bytes = answer;
    return fault_of([&] { hub_manifest(server.url(""), "o/m", "main", ""); });
  };
  EXPECT_THAT(fault("[]"), HasSubstr("no list"));
  EXPECT_THAT(fault("<html>"), HasSubstr("no list"));
  EXPECT_THAT(fault(R"({"sha":"x","siblings":[]})"), HasSubstr("commit"));
  EXPECT_THAT(fault(start + R"({"rfilename":"..safetensors"},{"rfilename":"../m.safetensors"}]})"), ::testing::AnyOf(HasSubstr("leaves"), HasSubstr("hash")));
  EXPECT_THAT(fault(start + R"({"rfilename":"m.safetensors","lfs":{"sha256":")" + hash + R"("}}]})"), HasSubstr("config.json"));
  EXPECT_THAT(fault(start + R"({"rfilename":"config.json","blobId":")" + commit + R"("}]})"), HasSubstr("safetensors"));
}

}  // namespace
}  // namespace reprise::datasets
