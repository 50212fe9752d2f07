// The fields of a connection by the numbers of their rows.
#include "properties/values.hpp"

#include <utility>
#include <variant>

namespace ipdaemon {

namespace {

using FieldPointer =
    std::variant<std::int32_t ConnectionProperties::*, bool ConnectionProperties::*, Bytes ConnectionProperties::*>;
struct FieldRow {
  int id;
  FieldPointer field;
};

#undef IPD_FIELD_CONNECTION_READ_WRITE
#define IPD_FIELD_CONNECTION_READ_WRITE(type, NAME) {IPDAEMON_PROPERTY_##NAME, &ConnectionProperties::NAME},

const FieldRow field_rows[] = {
#define IPD_PROPERTY(id, NAME, name, type, per, access, when, minimum, maximum, fallback, summary) \
  IPD_FIELD_##per##_##access(type, NAME)
#include "ipdaemon_properties.def"
#undef IPD_PROPERTY
};

const FieldRow* field_row(int id) {
  for (const FieldRow& row : field_rows) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

}  // namespace

bool ConnectionProperties::read(int id, ValueView* out) const {
  const FieldRow* row = field_row(id);
  if (row == nullptr) return false;
  if (const auto* integer = std::get_if<std::int32_t ConnectionProperties::*>(&row->field)) {
    *out = ValueView::integer(this->*(*integer));
  } else if (const auto* boolean = std::get_if<bool ConnectionProperties::*>(&row->field)) {
    *out = ValueView::boolean(this->*(*boolean));
  } else {
    *out = ValueView::raw(this->*std::get<Bytes ConnectionProperties::*>(row->field));
  }
  return true;
}

bool ConnectionProperties::write(int id, Stored&& value) {
  const FieldRow* row = field_row(id);
  if (row == nullptr) return false;
  if (const auto* integer = std::get_if<std::int32_t ConnectionProperties::*>(&row->field)) {
    this->*(*integer) = static_cast<std::int32_t>(value.number);
  } else if (const auto* boolean = std::get_if<bool ConnectionProperties::*>(&row->field)) {
    this->*(*boolean) = value.number != 0;
  } else {
    this->*std::get<Bytes ConnectionProperties::*>(row->field) = BytesView(value.bytes);
  }
  return true;
}

}  // namespace ipdaemon
