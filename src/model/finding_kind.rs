use serde::{Serialize, Serializer};

/// Declares the kinds with their names, what they are called by people and what is to be done, in both languages.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal [$vi:literal, $en:literal] [$advice_vi:literal, $advice_en:literal];)*) => {
        /// The stable names of faults in data. Programs match on them: rename none.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FindingKind {
            $($(#[$doc])* $variant,)*
        }

        impl FindingKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What people call it, in Vietnamese and English.
            pub fn title(self) -> [&'static str; 2] {
                match self { $(Self::$variant => [$vi, $en],)* }
            }

            /// What is to be done about it, in Vietnamese and English.
            pub fn advice(self) -> [&'static str; 2] {
                match self { $(Self::$variant => [$advice_vi, $advice_en],)* }
            }
        }
    };
}

kinds! {
    /// A row without a position.
    MissingPosition "missing_position"
        ["thiếu vị trí", "no position"]
        ["điền toạ độ, hoặc thêm --geocode unit để đặt tại tâm đơn vị đã ghi", "fill in the coordinates, or place rows at their stated unit with --geocode unit"];
    /// A position that is no place on earth.
    InvalidPosition "invalid_position"
        ["vị trí không đọc được", "position that cannot be read"]
        ["sửa toạ độ; kiểm tra dấu thập phân", "correct the coordinates; look at the decimal sign"];
    /// A geometry of another kind than the layer's.
    WrongGeometry "wrong_geometry"
        ["sai kiểu hình học", "wrong kind of geometry"]
        ["gửi điểm", "send points"];
    /// Text that is not of the field's type.
    InvalidValue "invalid_value"
        ["giá trị sai kiểu", "value of another type"]
        ["sửa giá trị; ô được để trống", "correct the value; it was left empty"];
    /// A code that the field does not list.
    UnknownCode "unknown_code"
        ["mã không có trong danh mục", "unknown code"]
        ["dùng mã trong danh mục của trường", "use a code that the field lists"];
    /// A column or property that the layer has no field for.
    UnknownField "unknown_field"
        ["cột không có trường tương ứng", "column without a field"]
        ["bỏ qua, hoặc ghép cột bằng --map", "leave it, or take it with --map"];
    /// A row that cannot be read at all.
    UnreadableRow "unreadable_row"
        ["dòng không đọc được", "row that cannot be read"]
        ["sửa dòng cho đủ cột", "mend the row so that it has all columns"];
    /// An id that stood earlier in the same file.
    DuplicateId "duplicate_id"
        ["trùng mã số", "id that stood before"]
        ["giữ một dòng cho mỗi mã số", "keep one row for each id"];
    /// A row that is like an earlier one in all columns but its id.
    DuplicateRow "duplicate_row"
        ["dòng lặp lại y hệt", "exact repeat of a row"]
        ["xoá dòng thừa nếu không cố ý", "remove the repeat unless it is meant"];
    /// One place that stands for many rows.
    DuplicatePlace "duplicate_place"
        ["nhiều dòng chung một vị trí", "one place for many rows"]
        ["kiểm tra có phải vị trí mặc định khi không tìm được địa chỉ", "see whether it is what a geocoder gives for addresses that it does not know"];
    /// An id that is neither a whole number nor a short text.
    InvalidId "invalid_id"
        ["mã số không hợp lệ", "invalid id"]
        ["dùng số nguyên hoặc chữ ngắn", "use a whole number or a short text"];
    /// A position beyond all units.
    OutsideUnits "outside_units"
        ["ngoài mọi đơn vị", "outside all units"]
        ["kiểm tra toạ độ", "look at the coordinates"];
    /// A position beyond the province, farther than 200 m.
    OutsideProvince "outside_province"
        ["ngoài địa bàn tỉnh", "outside the province"]
        ["kiểm tra toạ độ; dòng vẫn được lưu", "look at the coordinates; the row is stored all the same"];
    /// Coordinates that fit only in the other order.
    SwappedAxes "swapped_axes"
        ["đảo kinh độ và vĩ độ (hoặc X và Y)", "exchanged coordinates"]
        ["đổi chỗ hai toạ độ, hoặc dùng --xy", "exchange the two coordinates, or say --xy"];
    /// Coordinates of another zone of the same projection.
    WrongZone "wrong_zone"
        ["sai kinh tuyến trục", "wrong zone"]
        ["chọn đúng múi chiếu bằng --crs", "name the right zone with --crs"];
    /// Degrees of VN-2000 read as WGS 84, or the reverse, or moved with wrong parameters.
    WrongDatum "wrong_datum"
        ["nhầm VN-2000 với WGS 84", "VN-2000 taken for WGS 84, or the reverse"]
        ["chọn đúng hệ toạ độ bằng --crs", "name the right reference system with --crs"];
    /// Metres read as degrees, or the reverse, or another projection.
    WrongCrs "wrong_crs"
        ["sai hệ toạ độ", "wrong reference system"]
        ["chọn đúng hệ toạ độ bằng --crs", "name the right reference system with --crs"];
    /// X and Y of a grid, read as surveyors write them: X is the northing.
    SurveyorsOrder "surveyors_order"
        ["X là toạ độ bắc (trắc địa)", "X read as the northing"]
        ["thêm --xy east-north nếu X là toạ độ đông", "say --xy east-north if X is the easting"];
    /// A stated unit that does not hold the position.
    UnitDisagrees "unit_disagrees"
        ["đơn vị ghi không khớp vị trí", "stated unit and position disagree"]
        ["kiểm tra đơn vị và toạ độ; vị trí được dùng", "look at both; the position counts"];
    /// A stated unit that may be several.
    AmbiguousUnit "ambiguous_unit"
        ["đơn vị ghi chưa rõ", "stated unit may be several"]
        ["ghi mã đơn vị hoặc thêm huyện, tỉnh", "give its code, or the district and province as well"];
    /// A number below the field's `min` or above its `max`.
    OutOfRange "out_of_range"
        ["số ngoài khoảng cho phép", "number out of range"]
        ["sửa giá trị; ô được để trống", "correct the value; it was left empty"];
    /// A time of what has happened that is yet to come.
    FutureDate "future_date"
        ["thời gian ở tương lai", "time in the future"]
        ["sửa ngày; giá trị vẫn được lưu", "correct the date; it is stored all the same"];
    /// Text that is no date.
    UnparsableDate "unparsable_date"
        ["ngày tháng không đọc được", "date that cannot be read"]
        ["ghi dạng 2025-07-01 hoặc 01/07/2025", "write it as 2025-07-01 or 01/07/2025"];
    /// A ring that crosses itself or has no area.
    InvalidRing "invalid_ring"
        ["vòng ranh giới lỗi", "invalid ring"]
        ["sửa ranh giới trong tệp gốc", "mend the border in its source"];
    /// Two units of one level and date that share area.
    Overlap "overlap"
        ["hai đơn vị chồng lấn", "overlap"]
        ["sửa ranh giới chung", "mend the shared border"];
    /// A hole between units of one level and date.
    Gap "gap"
        ["khe hở giữa các đơn vị", "gap"]
        ["sửa ranh giới, hoặc bổ sung đơn vị thiếu", "mend the borders, or add the missing unit"];
    /// A unit whose area is another's of the same level.
    MisplacedUnit "misplaced_unit"
        ["đơn vị nằm ở chỗ của đơn vị khác", "unit in the place of another"]
        ["kiểm tra tên, mã và ranh giới có bị tráo", "see whether names, codes and borders were exchanged"];
    /// A unit whose area is hardly that known for it.
    DoubtfulUnit "doubtful_unit"
        ["ranh giới đáng ngờ", "doubtful border"]
        ["so với bản đồ gốc", "compare with the source map"];
    /// A last day in force where the first day after it belongs; read as such.
    InclusiveValidTo "inclusive_valid_to"
        ["ngày hết hiệu lực ghi theo ngày cuối", "last day in force given"]
        ["thêm --valid-to inclusive hoặc exclusive", "say --valid-to inclusive or exclusive"];
    /// A unit whose parent is not known for its dates.
    UnknownParent "unknown_parent"
        ["không rõ đơn vị cấp trên", "parent not known"]
        ["nhập cấp trên trước", "import the level above too"];
    /// A unit that is named and not known.
    UnknownUnit "unknown_unit"
        ["không tìm thấy đơn vị", "unknown unit"]
        ["kiểm tra tên hoặc mã đơn vị", "look at the unit's name or code"];
    /// A table that does not have a layer's column, or has it with another type.
    ColumnMismatch "column_mismatch"
        ["cột của bảng không khớp", "column mismatch"]
        ["sửa bảng cho khớp tệp mô tả lớp", "make the table fit the layer's file"];
}

impl FindingKind {
    /// Whether it is worth knowing and no fault of the data: `--strict` does not refuse it. A column without a field stands in
    /// nearly every file.
    pub fn is_note(self) -> bool {
        matches!(self, Self::UnknownField | Self::SurveyorsOrder | Self::DuplicatePlace)
    }
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_speaks_both_languages() {
        let names: std::collections::HashSet<&str> = FindingKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), FindingKind::ALL.len());
        for kind in FindingKind::ALL {
            assert_eq!(serde_json::to_string(kind).ok(), Some(format!("{:?}", kind.name())));
            for [vi, en] in [kind.title(), kind.advice()] {
                assert!(!vi.is_empty() && !en.is_empty() && vi != en, "{kind:?}");
            }
        }
    }
}
