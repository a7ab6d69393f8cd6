// Package docs is the manual. It embeds the pages, so that `explain` works
// without a network.
package docs

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.md checks outcomes hooks map
var pages embed.FS

// PolicySchema is the JSON schema of a policy file, in draft 7, as editors take it.
//
//go:embed policy.schema.json
var PolicySchema string

// Page returns the page about a topic as Markdown: a check by its ID, an outcome
// or a PostStartHook by its name, or one of the other pages that [Topics] lists.
// Case does not matter. It returns false where there is no such page.
func Page(topic string) (string, bool) {
	path := paths()[strings.ToLower(topic)]
	if path == "" {
		return "", false
	}
	b, err := fs.ReadFile(pages, path)
	return string(b), err == nil
}

// Topics returns the topics that have a page, sorted.
func Topics() []string {
	var topics []string
	for _, path := range paths() {
		topics = append(topics, topicOf(path))
	}
	slices.Sort(topics)
	return topics
}

// paths maps topics, in lower case, to their files.
func paths() map[string]string {
	m := map[string]string{}
	_ = fs.WalkDir(pages, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".md") {
			m[strings.ToLower(topicOf(path))] = path
		}
		return err
	})
	return m
}

// topicOf is a file's name without its folder and ending. A hook's name holds a
// slash and keeps it; the index is called manual.
func topicOf(path string) string {
	if path == "README.md" {
		return "manual"
	}
	path = strings.TrimSuffix(path, ".md")
	for _, folder := range []string{"checks/", "outcomes/", "hooks/", "map/"} {
		path = strings.TrimPrefix(path, folder)
	}
	return path
}
