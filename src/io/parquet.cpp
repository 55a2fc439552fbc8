// Row group by row group; in each, one reader a column.
#include "io/parquet.h"

#include <cstdio>

#include "base/error.h"
#include "base/files.h"
#include "io/parquet/assembly.h"
#include "io/parquet/column.h"
#include "io/parquet/metadata.h"
#include "io/parquet/page_bytes.h"
#include "io/parquet/schema.h"

namespace reprise::io {

struct ParquetFile::Parts {
  Parts(const std::filesystem::path& path, const ParquetLimits& wanted) : file(path), limits(wanted), where(path.string()) {
    metadata = parquet::read_file_metadata(file.bytes(), where);
    root = parquet::read_schema(metadata.schema, where);
    int64_t num_rows = 0;
    for (const parquet::RowGroup& group : metadata.row_groups) {
      if (group.columns.size() != root.num_leaves) {
        throw Error("has a row group of " + std::to_string(group.columns.size()) + " columns where its schema has " + std::to_string(root.num_leaves), where, "the file is damaged; fetch it again");
      }
      if (group.num_rows > metadata.num_rows - num_rows) throw Error("has more rows in its row groups than it says", where, "the file is damaged; fetch it again");
      num_rows += group.num_rows;
    }
    if (num_rows != metadata.num_rows) throw Error("has fewer rows in its row groups than it says", where, "the file is damaged; fetch it again");
    if (num_rows > 0 && root.num_leaves == 0) throw Error("has rows without columns", where);
  }

  MappedFile file;
  ParquetLimits limits;
  std::string where;
  parquet::FileMetadata metadata;
  parquet::SchemaNode root;
};

ParquetFile::ParquetFile(const std::filesystem::path& path, const ParquetLimits& limits) : parts_(std::make_unique<Parts>(path, limits)) {}
ParquetFile::~ParquetFile() = default;
ParquetFile::ParquetFile(ParquetFile&&) noexcept = default;

int64_t ParquetFile::num_rows() const { return parts_->metadata.num_rows; }
size_t ParquetFile::num_row_groups() const { return parts_->metadata.row_groups.size(); }
const std::string& ParquetFile::created_by() const { return parts_->metadata.created_by; }

std::vector<std::pair<std::string, std::string>> ParquetFile::columns() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const parquet::SchemaNode& node : parts_->root.children) out.emplace_back(node.name, parquet::describe(node));
  return out;
}

void ParquetFile::read_rows(const std::function<bool(int64_t, const nlohmann::json&)>& row, const std::function<void(int64_t, const std::string&)>& bad) const {
  const Parts& parts = *parts_;
  parquet::Budget budget(parts.limits.max_held_bytes, parts.limits.max_total_bytes);
  const auto leaves = parquet::leaves_of(parts.root);
  nlohmann::json one;
  int64_t number = 0;
  for (size_t g = 0; g < parts.metadata.row_groups.size(); ++g) {
    const parquet::RowGroup& group = parts.metadata.row_groups[g];
    std::vector<std::unique_ptr<parquet::ColumnReader>> columns;
    for (size_t i = 0; i < leaves.size(); ++i) {
      columns.push_back(std::make_unique<parquet::ColumnReader>(parts.file.bytes(), group.columns[i], *leaves[i], budget, parts.limits.max_page_bytes,
                                                                parts.where + ": column '" + leaves[i]->name.substr(0, 80) + "' of row group " + std::to_string(g + 1)));
    }
    parquet::RowAssembler assembler(parts.root, columns, budget, parts.limits.max_row_bytes, parts.where);
    for (int64_t i = 0; i < group.num_rows; ++i) {
      ++number;
      if (!assembler.next(one)) {
        bad(number, "takes more than " + std::to_string(parts.limits.max_row_bytes) + " bytes of memory, the limit of a row");
      } else if (!row(number, one)) {
        return;
      }
    }
    assembler.finish();
  }
}

bool is_parquet(const std::filesystem::path& path) {
  if (!is_file(path)) return false;
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  char magic[4];
  if (!file || std::fread(magic, 1, sizeof magic, file.get()) != sizeof magic) return false;
  const std::string_view head(magic, sizeof magic);
  return head == "PAR1" || head == "PARE";
}

}  // namespace reprise::io
