-- What HTML cannot say of a word processor's document: the number of a page; and the pictures, which are in the folder
-- where Pandoc runs, and its sandbox would not open.
local page = {
  docx = {
    "openxml",
    '<w:r><w:tab/></w:r><w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
      .. '<w:r><w:instrText xml:space="preserve"> PAGEREF %s \\h </w:instrText></w:r>'
      .. '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>–</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>',
  },
  odt = {
    "opendocument",
    '<text:tab/><text:bookmark-ref text:reference-format="page" text:ref-name="%s">–</text:bookmark-ref>',
  },
}

function Span(span)
  local place = span.attributes["page-de"]
  if place then
    local format, field = table.unpack(page[FORMAT])
    return pandoc.RawInline(format, field:format(place))
  end
end

function Image(image)
  local file = assert(io.open(image.src, "rb"))
  pandoc.mediabag.insert(image.src, nil, file:read("a"))
  file:close()
end
