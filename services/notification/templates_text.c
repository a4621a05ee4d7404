/* templates_text.c - the built-in texts; template.h says how they are written and replaced.
 *
 * They name no rule that changed over the years: a message of 2018 must read true under the rules of 2018.
 */
#include "services/notification/template.h"

const struct template_text templates_text[] = {
    { "dossier_returned",
      { "Subject: Trả lại hồ sơ OCOP số {number} để hoàn thiện\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Hồ sơ số {number} chưa đủ điều kiện tiếp nhận và được trả lại. Lý do:\n"
        "{reason}\n"
        "\n"
        "Đề nghị bổ sung đầy đủ và nộp lại hồ sơ.\n",
        "Subject: OCOP dossier {number} is returned for completion\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Dossier {number} cannot be accepted yet and is returned. Reason:\n"
        "{reason}\n"
        "\n"
        "Please supply everything that is missing and hand it in again.\n" } },
    { "rated",
      { "Subject: Sản phẩm {name} đạt {star} sao\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Hội đồng đánh giá, phân hạng đã chấm sản phẩm {name}, mã số {product}.\n"
        "Điểm trung bình: {mean} (từ {members} phiếu chấm). Kết quả: {star} sao.\n"
        "\n"
        "Việc công nhận và cấp giấy chứng nhận theo quyết định của cấp có thẩm quyền.\n",
        "Subject: Product {name} is rated {star} stars\n"
        "\n"
        "To: {to}\n"
        "\n"
        "The rating council has scored product {name}, code {product}.\n"
        "Mean: {mean} (of {members} score sheets). Result: {star} stars.\n"
        "\n"
        "Recognition and certificate follow by decision of the competent authority.\n" } },
    { "rated_low",
      { "Subject: Kết quả đánh giá sản phẩm {name}: {star} sao\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Hội đồng đánh giá, phân hạng đã chấm sản phẩm {name}, mã số {product}.\n"
        "Điểm trung bình: {mean} (từ {members} phiếu chấm). Kết quả: {star} sao.\n"
        "\n"
        "Sản phẩm dưới 3 sao không được cấp giấy chứng nhận. Đề nghị hoàn thiện sản phẩm và đăng ký đánh giá "
        "lại.\n",
        "Subject: Result for product {name}: {star} star(s)\n"
        "\n"
        "To: {to}\n"
        "\n"
        "The rating council has scored product {name}, code {product}.\n"
        "Mean: {mean} (of {members} score sheets). Result: {star} star(s).\n"
        "\n"
        "No certificate is issued below three stars. Please improve the product and apply again.\n" } },
    { "not_rated",
      { "Subject: Sản phẩm {name} không được xếp hạng\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Hội đồng đánh giá, phân hạng đã dừng việc chấm sản phẩm {name}, mã số {product}, vì sản phẩm hoặc "
        "hồ sơ thuộc\n"
        "trường hợp bị loại theo bộ tiêu chí. Sản phẩm không được xếp hạng.\n",
        "Subject: Product {name} is not rated\n"
        "\n"
        "To: {to}\n"
        "\n"
        "The rating council has ended the evaluation of product {name}, code {product}, because the product "
        "or its\n"
        "dossier meets a ground of exclusion in the criteria. The product has no star.\n" } },
    { "recognition_refused",
      { "Subject: Chưa công nhận được sản phẩm {product} theo Quyết định số {number}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Nội dung công nhận sản phẩm mã số {product} tại Quyết định số {number} chưa được chấp nhận. Lý do:\n"
        "{reason}\n"
        "\n"
        "Các nội dung khác của quyết định không bị ảnh hưởng.\n",
        "Subject: Product {product} cannot be recognised by decision {number}\n"
        "\n"
        "To: {to}\n"
        "\n"
        "The line of decision {number} that recognises product {product} does not stand. Reason:\n"
        "{reason}\n"
        "\n"
        "The other lines of the decision are not affected.\n" } },
    { "certificate_issued",
      { "Subject: Giấy chứng nhận {certificate}: sản phẩm {name} đạt {star} sao\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Sản phẩm {name}, mã số {product}, được công nhận đạt {star} sao theo Quyết định số {number}.\n"
        "Giấy chứng nhận {certificate} có giá trị đến hết ngày {day}.\n",
        "Subject: Certificate {certificate}: product {name} has {star} stars\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Product {name}, code {product}, is recognised with {star} stars by decision {number}.\n"
        "Certificate {certificate} is valid to the end of {day}.\n" } },
    { "certificate_superseded",
      { "Subject: Giấy chứng nhận {certificate} được thay thế\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Giấy chứng nhận {certificate} của sản phẩm {name}, mã số {product}, được thay thế bằng giấy chứng "
        "nhận {number}.\n"
        "Lý do: {reason}.\n",
        "Subject: Certificate {certificate} is replaced\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Certificate {certificate} of product {name}, code {product}, is replaced by certificate "
        "{number}.\n"
        "Reason: {reason}.\n" } },
    { "certificate_revoked",
      { "Subject: Thu hồi giấy chứng nhận {certificate}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Giấy chứng nhận {certificate} của sản phẩm {name}, mã số {product}, bị thu hồi theo Quyết định số "
        "{number}\n"
        "ngày {day}. Lý do: {reason}.\n",
        "Subject: Certificate {certificate} is withdrawn\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Certificate {certificate} of product {name}, code {product}, is withdrawn by decision {number} of "
        "{day}.\n"
        "Ground: {reason}.\n" } },
    { "certificate_expiring",
      { "Subject: Giấy chứng nhận {certificate} sắp hết hạn\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Giấy chứng nhận {certificate} của sản phẩm {name}, mã số {product}, có giá trị đến hết ngày {day}.\n"
        "Đề nghị chuẩn bị hồ sơ đánh giá, phân hạng lại.\n",
        "Subject: Certificate {certificate} ends soon\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Certificate {certificate} of product {name}, code {product}, is valid to the end of {day}.\n"
        "Please prepare the dossier for re-rating.\n" } },
    { "certificate_expired",
      { "Subject: Giấy chứng nhận {certificate} đã hết hạn\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Giấy chứng nhận {certificate} của sản phẩm {name}, mã số {product}, đã hết hạn sau ngày {day}.\n",
        "Subject: Certificate {certificate} has expired\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Certificate {certificate} of product {name}, code {product}, has expired after {day}.\n" } },
    { "report_missed",
      { "Subject: Chưa nhận được báo cáo kết quả Chương trình OCOP\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Theo công văn số {number}, báo cáo kết quả Chương trình OCOP phải gửi trước ngày {day}.\n"
        "Hệ thống chưa ghi nhận báo cáo. Đề nghị gửi báo cáo sớm nhất.\n",
        "Subject: The report on OCOP results has not come in\n"
        "\n"
        "To: {to}\n"
        "\n"
        "By official letter {number} the report on OCOP results was due before {day}.\n"
        "No report is registered. Please send it as soon as possible.\n" } },
    { "supplement_requested",
      { "Subject: Đề nghị bổ sung hồ sơ OCOP số {number}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Đề nghị bổ sung hồ sơ số {number}. Nội dung:\n"
        "{reason}\n"
        "\n"
        "Thời hạn: trước ngày {day}.\n",
        "Subject: Please supplement OCOP dossier {number}\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Dossier {number} needs more. What and why:\n"
        "{reason}\n"
        "\n"
        "It is due before {day}.\n" } },
    { "dossier_rejected",
      { "Subject: Từ chối tiếp nhận hồ sơ OCOP số {number}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Hồ sơ số {number} bị từ chối. Lý do:\n"
        "{reason}\n",
        "Subject: OCOP dossier {number} is turned away\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Dossier {number} is turned away. Reason:\n"
        "{reason}\n" } },
    { "product_remanded",
      { "Subject: Sản phẩm {name}: kết quả đánh giá cấp Trung ương được chuyển lại cho tỉnh\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Sản phẩm {name}, mã số {product}, hồ sơ số {number}, không đạt hạng sao đề nghị tại Hội đồng cấp "
        "Trung ương.\n"
        "Tỉnh có thể công nhận theo kết quả cấp Trung ương hoặc tổ chức đánh giá lại.\n",
        "Subject: Product {name}: the result of the central council goes back to the province\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Product {name}, code {product}, dossier {number}, did not get the proposed star from the central "
        "council.\n"
        "The province may recognise it on the central result, or have it rated again.\n" } },
    { "spread_exceeded",
      { "Subject: Sản phẩm {name}: điểm của các thành viên chênh lệch quá mức, cần chấm lại\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Sản phẩm {name}, mã số {product}, hồ sơ số {number}, chưa có kết quả: điểm chấm của các thành viên "
        "Hội "
        "đồng\n"
        "chênh lệch quá mức cho phép. Chi tiết:\n"
        "{reason}\n",
        "Subject: Product {name}: the members are too far apart and score again\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Product {name}, code {product}, dossier {number}, has no result yet: the totals of the council's "
        "members\n"
        "are further apart than allowed. In detail:\n"
        "{reason}\n" } },
    { "products_held",
      { "Subject: Hội đồng {number}: {open} sản phẩm chưa có kết quả\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Phiên họp của Hội đồng {number} đã kết thúc, còn {open} sản phẩm chưa có kết quả. Chi tiết:\n"
        "{reason}\n",
        "Subject: Council {number}: {open} product(s) without result\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Council {number} has closed, and {open} product(s) have no result yet. In detail:\n"
        "{reason}\n" } },
    { "certificate_extended",
      { "Subject: Giấy chứng nhận {certificate} được kéo dài thời hạn\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Giấy chứng nhận {certificate} của sản phẩm {name}, mã số {product}, tiếp tục có giá trị trong thời "
        "gian chờ kết quả\n"
        "đánh giá, phân hạng lại, chậm nhất đến hết ngày {day}.\n",
        "Subject: Certificate {certificate} is extended\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Certificate {certificate} of product {name}, code {product}, stays valid while the result of its "
        "re-rating is\n"
        "awaited, at the latest to the end of {day}.\n" } },
    { "extension_ended",
      { "Subject: Giấy chứng nhận {certificate}: kết thúc thời gian kéo dài\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Đã có kết quả đánh giá, phân hạng lại sản phẩm {name}, mã số {product}. Thời gian kéo dài của giấy "
        "chứng nhận\n"
        "{certificate} kết thúc sau ngày {day}.\n",
        "Subject: Certificate {certificate}: the extension has ended\n"
        "\n"
        "To: {to}\n"
        "\n"
        "The result of the re-rating of product {name}, code {product}, is there. The extension of "
        "certificate\n"
        "{certificate} ends after {day}.\n" } },
    { "commune_near",
      { "Subject: Hồ sơ OCOP số {number} sắp đến hạn kiểm tra, đề xuất ở cấp xã\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Hồ sơ số {number} đã được tiếp nhận ở cấp xã và phải được kiểm tra, đánh giá, đề xuất trước ngày "
        "{day}.\n"
        "Hệ thống chưa ghi nhận văn bản đề xuất.\n",
        "Subject: OCOP dossier {number} must soon be proposed by the commune\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Dossier {number} was received at the commune, which must check and propose it before {day}.\n"
        "No proposal is registered yet.\n" } },
    { "commune_missed",
      { "Subject: Hồ sơ OCOP số {number} quá hạn kiểm tra, đề xuất ở cấp xã\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Hồ sơ số {number} đã được tiếp nhận ở cấp xã, hạn kiểm tra, đánh giá, đề xuất là trước ngày {day}.\n"
        "Hệ thống chưa ghi nhận văn bản đề xuất. Đề nghị xử lý ngay.\n",
        "Subject: OCOP dossier {number} was not proposed by the commune in time\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Dossier {number} was received at the commune, which had to check and propose it before {day}.\n"
        "No proposal is registered. Please act on it at once.\n" } },
    { "supplement_near",
      { "Subject: Sắp hết hạn bổ sung hồ sơ OCOP số {number}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Nội dung yêu cầu bổ sung của hồ sơ số {number} phải nộp trước ngày {day}.\n"
        "Hệ thống chưa ghi nhận nội dung bổ sung.\n",
        "Subject: The supplement to OCOP dossier {number} is due soon\n"
        "\n"
        "To: {to}\n"
        "\n"
        "What was asked for of dossier {number} is due before {day}.\n"
        "Nothing is registered yet.\n" } },
    { "supplement_missed",
      { "Subject: Quá hạn bổ sung hồ sơ OCOP số {number}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Nội dung yêu cầu bổ sung của hồ sơ số {number} phải nộp trước ngày {day}.\n"
        "Hệ thống không ghi nhận nội dung bổ sung trong thời hạn này.\n",
        "Subject: The supplement to OCOP dossier {number} did not come\n"
        "\n"
        "To: {to}\n"
        "\n"
        "What was asked for of dossier {number} was due before {day}.\n"
        "Nothing was registered in that time.\n" } },
    { "round_cutoff_near",
      { "Subject: Sắp đến hạn đề xuất của đợt đánh giá OCOP: {open} hồ sơ\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Hồ sơ được đề xuất trước ngày {day} được đánh giá trong đợt này.\n"
        "Còn {open} hồ sơ chưa xong.\n",
        "Subject: The cut-off of the OCOP round is near: {open} dossier(s)\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Dossiers proposed before {day} are rated in this round.\n"
        "{open} dossier(s) are still open.\n" } },
    { "round_cutoff_reached",
      { "Subject: Đã đến hạn đề xuất của đợt đánh giá OCOP: {open} hồ sơ\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Hạn đề xuất của đợt đánh giá là trước ngày {day}.\n"
        "Còn {open} hồ sơ chưa xong trước thời hạn này.\n",
        "Subject: The cut-off of the OCOP round is reached: {open} dossier(s)\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Dossiers of this round had to be proposed before {day}.\n"
        "{open} dossier(s) were still open.\n" } },
    { "round_end_near",
      { "Subject: Đợt đánh giá OCOP sắp kết thúc: {open} hồ sơ chưa có kết quả\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Việc đánh giá, phân hạng của đợt phải hoàn thành trước ngày {day}.\n"
        "Còn {open} hồ sơ chưa có kết quả.\n",
        "Subject: The OCOP round ends soon: {open} dossier(s) without result\n"
        "\n"
        "To: {to}\n"
        "\n"
        "The ratings of this round must be done before {day}.\n"
        "{open} dossier(s) have no result yet.\n" } },
    { "round_end_missed",
      { "Subject: Đợt đánh giá OCOP quá hạn: {open} hồ sơ chưa có kết quả\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Việc đánh giá, phân hạng của đợt phải hoàn thành trước ngày {day}.\n"
        "Còn {open} hồ sơ chưa có kết quả. Đề nghị xử lý ngay.\n",
        "Subject: The OCOP round has ended: {open} dossier(s) without result\n"
        "\n"
        "To: {to}\n"
        "\n"
        "The ratings of this round had to be done before {day}.\n"
        "{open} dossier(s) have no result. Please act on them at once.\n" } },
    { "re_rating_near",
      { "Subject: Sắp hết hạn đánh giá, phân hạng lại: hồ sơ số {number}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Việc đánh giá, phân hạng lại sản phẩm {name}, hồ sơ số {number}, phải có kết quả trước ngày {day}.\n"
        "Hệ thống chưa ghi nhận kết quả.\n",
        "Subject: The re-rating of dossier {number} is due soon\n"
        "\n"
        "To: {to}\n"
        "\n"
        "The re-rating of product {name}, dossier {number}, must have its result before {day}.\n"
        "No result is registered yet.\n" } },
    { "re_rating_missed",
      { "Subject: Quá hạn đánh giá, phân hạng lại: hồ sơ số {number}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Việc đánh giá, phân hạng lại sản phẩm {name}, hồ sơ số {number}, phải có kết quả trước ngày {day}.\n"
        "Hệ thống chưa ghi nhận kết quả. Đề nghị xử lý ngay.\n",
        "Subject: The re-rating of dossier {number} is late\n"
        "\n"
        "To: {to}\n"
        "\n"
        "The re-rating of product {name}, dossier {number}, was due before {day}.\n"
        "No result is registered. Please act on it at once.\n" } },
    { "transition_near",
      { "Subject: Sắp hết thời gian chuyển tiếp đối với hồ sơ OCOP số {number}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Sản phẩm {name}, hồ sơ số {number}, nộp theo quy định trước đây, phải được đánh giá xong trước ngày "
        "{day}.\n"
        "Hệ thống chưa ghi nhận kết quả.\n",
        "Subject: The transition of OCOP dossier {number} ends soon\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Product {name}, dossier {number}, handed in under the earlier rules, must be rated before {day}.\n"
        "No result is registered yet.\n" } },
    { "transition_missed",
      { "Subject: Hết thời gian chuyển tiếp đối với hồ sơ OCOP số {number}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Sản phẩm {name}, hồ sơ số {number}, nộp theo quy định trước đây, không có kết quả đánh giá trước "
        "ngày {day}.\n"
        "Việc đánh giá tiếp phải theo quy định hiện hành.\n",
        "Subject: The transition of OCOP dossier {number} has ended\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Product {name}, dossier {number}, handed in under the earlier rules, had no result before {day}.\n"
        "It can only be rated under the rules now in force.\n" } },
    { "withdrawal_near",
      { "Subject: Sắp hết hạn xem xét thu hồi giấy chứng nhận {certificate}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Đối với giấy chứng nhận {certificate} của sản phẩm {name} đã có kết luận là căn cứ thu hồi; phải "
        "quyết định trước ngày {day}.\n"
        "Hệ thống chưa ghi nhận quyết định.\n",
        "Subject: The decision on certificate {certificate} is due soon\n"
        "\n"
        "To: {to}\n"
        "\n"
        "A ground to withdraw certificate {certificate} of product {name} was found; the decision is due "
        "before {day}.\n"
        "No decision is registered yet.\n" } },
    { "withdrawal_missed",
      { "Subject: Quá hạn xem xét thu hồi giấy chứng nhận {certificate}\n"
        "\n"
        "Kính gửi: {to}\n"
        "\n"
        "Đối với giấy chứng nhận {certificate} của sản phẩm {name} đã có kết luận là căn cứ thu hồi; hạn "
        "quyết định là trước ngày {day}.\n"
        "Hệ thống chưa ghi nhận quyết định. Đề nghị xử lý ngay.\n",
        "Subject: The decision on certificate {certificate} is late\n"
        "\n"
        "To: {to}\n"
        "\n"
        "A ground to withdraw certificate {certificate} of product {name} was found; the decision was due "
        "before {day}.\n"
        "No decision is registered. Please act on it at once.\n" } },
    { NULL, { NULL, NULL } },
};
