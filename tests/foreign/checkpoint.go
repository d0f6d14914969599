// The text of a checkpoint, as C2SP tlog-checkpoint says.
package main

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// parseHead takes origin, size and root of a checkpoint's text, or of the whole note.
func parseHead(text string) (string, tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] == "" || lines[3] != "" {
		return "", tlog.Tree{}, errors.New("not a checkpoint")
	}
	size, err := parseSize(lines[1])
	if err != nil {
		return "", tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return lines[0], tlog.Tree{N: size, Hash: root}, err
}

// parseSize takes a decimal number without anything before or behind it.
func parseSize(text string) (int64, error) {
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != text {
		return 0, errors.New("not a size")
	}
	return size, nil
}
