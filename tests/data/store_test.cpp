// Stores: what is written is read, what is damaged is told, and a crash of the reader stays in its own process.
#include "data/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "data/foreign_store.h"
#include "io/hdf5_file.h"
#include "support/fault_of.h"
#include "support/test_data.h"

namespace reprise::data {
namespace {

using ::testing::HasSubstr;
using testing::fault_of;

class Stores : public ::testing::Test {
 protected:
  std::filesystem::path path(const std::string& name = "s.h5") const { return folder_.path() / name; }
  std::filesystem::path program(const std::string& script) const {
    const auto file = path("program");
    write_file(file, "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return file;
  }
  TemporaryFolder folder_;
};

std::vector<Problem> some_problems() {
  std::vector<Problem> problems(3);
  problems[0] = {.id = "a", .prompt = "2 + 2?", .answer = "4", .solution = "", .grader = "number", .language = "en", .level = 1, .metadata = "{}"};
  problems[1] = {.id = "b", .prompt = std::string("nul \0 inside", 12), .answer = "九", .solution = "\n", .grader = "exact", .language = "zh", .level = -7, .metadata = ""};
  problems[2] = {.id = "c", .prompt = std::string(100000, 'x'), .answer = "", .solution = "s", .grader = "math", .language = "", .level = int64_t{1} << 60, .metadata = ""};
  return problems;
}

StoreManifest some_manifest() { return {.kind = "", .name = "some", .origin = "a test", .licence = "MIT", .source_sha256 = "", .splits = {{"train", 3}}, .content_sha256 = ""}; }

TEST_F(Stores, KeepEveryByteOfProblems) {
  const auto problems = some_problems();
  write_problems(path(), problems, some_manifest());
  const auto back = read_problems(path());
  ASSERT_EQ(back.size(), problems.size());
  for (size_t i = 0; i < back.size(); ++i) {
    EXPECT_EQ(back[i].id, problems[i].id);
    EXPECT_EQ(back[i].prompt, problems[i].prompt);
    EXPECT_EQ(back[i].answer, problems[i].answer);
    EXPECT_EQ(back[i].solution, problems[i].solution);
    EXPECT_EQ(back[i].level, problems[i].level);
    EXPECT_EQ(back[i].language, problems[i].language);
  }
  const StoreManifest manifest = read_manifest(path());
  EXPECT_EQ(manifest.kind, "problems");
  EXPECT_EQ(manifest.splits.at("train"), 3);
  EXPECT_EQ(check_store(path()), 3);
}

TEST_F(Stores, KeepExamplesAndTheEmptyStore) {
  write_examples(path(), {{.id = "e", .prompt = "p", .completion = "c", .source = "s", .problem_id = "q"}}, some_manifest());
  EXPECT_EQ(read_examples(path())[0].completion, "c");
  write_examples(path("empty.h5"), {}, some_manifest());
  EXPECT_TRUE(read_examples(path("empty.h5")).empty());
}

TEST_F(Stores, TheSameRowsMakeTheSameHash) {
  write_problems(path("1.h5"), some_problems(), some_manifest());
  write_problems(path("2.h5"), some_problems(), some_manifest());
  EXPECT_EQ(read_manifest(path("1.h5")).content_sha256, read_manifest(path("2.h5")).content_sha256);
  auto moved = some_problems();
  moved[0].id = "a2";  // one byte moved from one row to the next must change it, so lengths are hashed too
  write_problems(path("3.h5"), moved, some_manifest());
  EXPECT_NE(read_manifest(path("1.h5")).content_sha256, read_manifest(path("3.h5")).content_sha256);
}

TEST_F(Stores, TellWhatDoesNotFit) {
  write_problems(path(), some_problems(), some_manifest());
  EXPECT_THAT(fault_of([&] { read_examples(path()); }), HasSubstr("holds problems, not examples"));
  EXPECT_THAT(fault_of([&] { read_problems(path("none.h5")); }), HasSubstr("is not there"));
  write_file(path("text.h5"), "not HDF5");
  EXPECT_THAT(fault_of([&] { read_problems(path("text.h5")); }), HasSubstr("is not an HDF5 file"));

  io::Hdf5Content content = io::read_hdf5(path());
  content.text_columns["answer"][0] = "5";
  io::write_hdf5(path("changed.h5"), content);
  EXPECT_THAT(fault_of([&] { read_problems(path("changed.h5")); }), HasSubstr("does not match its own hash"));
  content.attributes.clear();
  io::write_hdf5(path("other.h5"), content);
  EXPECT_THAT(fault_of([&] { read_problems(path("other.h5")); }), HasSubstr("not a Reprise store"));
}

TEST_F(Stores, AChangedByteIsToldBeforeTheHdf5LibrarySeesIt) {
  write_problems(path(), some_problems(), some_manifest());
  const std::string bytes = read_file(path());
  const auto fault = [&](const std::string& changed) {
    write_file(path("changed.h5"), changed);
    return fault_of([&] { read_manifest(path("changed.h5")); });
  };
  EXPECT_EQ(fault(bytes), "");
  std::string flipped = bytes;
  flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 1);
  EXPECT_THAT(fault(flipped), HasSubstr("changed.h5: is damaged: its bytes do not give the hash at its end"));
  EXPECT_THAT(fault(bytes.substr(0, bytes.size() - 1)), HasSubstr("has no seal"));
  EXPECT_THAT(fault(bytes + "x"), HasSubstr("has no seal"));
  EXPECT_THAT(fault(bytes.substr(0, 20)), HasSubstr("is cut off"));
}

TEST_F(Stores, AreWrittenWholeOrNotAtAll) {
  write_problems(path(), some_problems(), some_manifest());
  EXPECT_NE(fault_of([&] { write_problems(path("no/such/folder.h5"), some_problems(), some_manifest()); }), "");
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) ++files;
  EXPECT_EQ(files, 1u);  // no temporary neighbour is left
}

TEST_F(Stores, FromElsewhereAreReadByAChild) {
  write_problems(path(), some_problems(), some_manifest());
  check_foreign_store(path(), program("exit 0"));
  EXPECT_THAT(fault_of([&] { check_foreign_store(path(), program("kill -SEGV $$")); }), HasSubstr("ends the HDF5 library with signal 11"));
  EXPECT_EQ(fault_of([&] { check_foreign_store(path(), program("echo 'reprise: s.h5: is damaged; make it again' >&2; exit 1")); }), "s.h5: is damaged; make it again");
  EXPECT_THAT(fault_of([&] { check_foreign_store(path(), program("exit 3")); }), HasSubstr("cannot be read (exit 3)"));
  EXPECT_THAT(fault_of([&] { check_foreign_store(path(), path("no-program")); }), HasSubstr("cannot be started"));
}

}  // namespace
}  // namespace reprise::data
