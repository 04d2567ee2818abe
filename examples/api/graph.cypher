// What the API expects of its graph: notes and the tags that they share. The stack's setup job runs it, as often as it likes.

CREATE CONSTRAINT note_id IF NOT EXISTS FOR (note:Note) REQUIRE note.id IS UNIQUE;
CREATE CONSTRAINT tag_name IF NOT EXISTS FOR (tag:Tag) REQUIRE tag.name IS UNIQUE;
