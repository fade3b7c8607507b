-- What HTML cannot say of a word processor's document: the number of a page, a table of contents and the number of a caption
-- that follow its changes; and the pictures, which are in the folder where Pandoc runs, and its sandbox would not open.
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
-- For Word alone: LibreOffice would show the numbers of the pages of such a table as they are written, which is none.
local word = '<w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
  .. '<mc:Choice Requires="w15" xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml">%s</mc:Choice>'
  .. '</mc:AlternateContent></w:r>'
local contents = {
  debut = word:format(
    '<w:fldChar w:fldCharType="begin"/><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z </w:instrText>'
      .. '<w:fldChar w:fldCharType="separate"/>'
  ),
  fin = word:format('<w:fldChar w:fldCharType="end"/>'),
}
local char = '<w:r><w:fldChar w:fldCharType="%s"/></w:r>'
local rank = char:format("begin") .. '<w:r><w:instrText xml:space="preserve"> SEQ %s \\* ARABIC </w:instrText></w:r>'
  .. char:format("separate")

function Span(span)
  local place, edge, kind = span.attributes["page-de"], span.attributes["sommaire"], span.attributes["suite"]
  if place then
    local format, field = table.unpack(page[FORMAT])
    return pandoc.RawInline(format, field:format(place))
  elseif edge and FORMAT == "docx" then
    return pandoc.RawInline("openxml", contents[edge])
  elseif kind and FORMAT == "docx" then
    local number = span.content
    number:insert(1, pandoc.RawInline("openxml", rank:format(kind)))
    number:insert(pandoc.RawInline("openxml", char:format("end")))
    return number
  end
end

function Image(image)
  local file = assert(io.open(image.src, "rb"))
  pandoc.mediabag.insert(image.src, nil, file:read("a"))
  file:close()
end

-- Word writes its table of contents anew in styles of its own names.
function Div(div)
  local level = (div.attributes["custom-style"] or ""):match("^Sommaire%-(%d)$")
  if level and FORMAT == "docx" then
    div.attributes["custom-style"] = "toc " .. level
    return div
  end
end
