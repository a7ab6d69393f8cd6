package lifeline

import (
	"fmt"
	"strings"
)

// madeBy is an expression that is true of writes by these users alone, and by those of the
// same kind whose names tell one node or project from another.
func madeBy(users []string) string {
	var who []string
	for _, u := range users {
		_, agent, is := strings.Cut(u, "@")
		switch {
		case strings.HasPrefix(u, "system:node:"):
			who = append(who, `request.userInfo.username.startsWith("system:node:")`)
		case is:
			who = append(who, fmt.Sprintf("request.userInfo.username.endsWith(%q)", "@"+agent))
		default:
			who = append(who, fmt.Sprintf("request.userInfo.username == %q", u))
		}
	}
	return strings.Join(who, " || ")
}
