package fleet

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
)

// ParseList reads a list of clusters: a line PROJECT/LOCATION/CLUSTER for each, empty
// ones and those that begin with # aside. Every error names file and line.
func ParseList(file string, b []byte) ([]Name, error) {
	var all []Name
	at := map[Name]int{}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for line := 1; lines.Scan(); line++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		parts := strings.Split(text, "/")
		if len(parts) != 3 || strings.ContainsAny(text, " \t") || parts[0] == "" || parts[1] == "" || parts[2] == "" {
			return nil, fmt.Errorf("%s:%d: %q is no cluster: a line is PROJECT/LOCATION/CLUSTER", file, line, text)
		}
		n := Name{parts[0], parts[1], parts[2]}
		if first, twice := at[n]; twice {
			return nil, fmt.Errorf("%s:%d: %s is in line %d already", file, line, n, first)
		}
		at[n] = line
		all = append(all, n)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: there is no cluster in it: a line is PROJECT/LOCATION/CLUSTER", file)
	}
	return all, nil
}
