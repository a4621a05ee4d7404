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
        "nhận {number}.\n",
        "Subject: Certificate {certificate} is replaced\n"
        "\n"
        "To: {to}\n"
        "\n"
        "Certificate {certificate} of product {name}, code {product}, is replaced by certificate "
        "{number}.\n" } },
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
    { NULL, { NULL, NULL } },
};
