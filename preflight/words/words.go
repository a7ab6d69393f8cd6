// Package words puts numbers and lists into sentences.
package words

import (
	"fmt"
	"strings"
	"time"
)

// Count is such as "1 hook", "2 hooks" or "0 hooks".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Some names the first of all, as many as shown, and how many there are beside, such as
// "a, b and 3 more"; one more is as short as its own name, which is told then.
func Some(all []string, shown int) string {
	if n := len(all) - shown; n > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:shown], ", "), n)
	}
	return strings.Join(all, ", ")
}

// Age is a duration for a person, to the second or coarser.
func Age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
