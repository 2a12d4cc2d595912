package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExplain_KnowsEveryTopicByItsName(t *testing.T) {
	for _, want := range topics() {
		require.Contains(t, findTopics(want.Name), want)
		require.Contains(t, findTopics(strings.ToUpper(want.Name)), want)
	}
}

func TestExplain_WhatToTypeAreCommands(t *testing.T) {
	root := (&app{}).rootCmd()
	for _, topic := range topics() {
		for _, c := range topic.Next {
			found, rest, err := root.Find(strings.Fields(c.Typed)[1:])
			require.NoError(t, err, c.Typed)
			require.True(t, found.Runnable() && found != root, c.Typed)
			for _, arg := range rest {
				if name, ok := strings.CutPrefix(arg, "--"); ok {
					require.NotNil(t, found.Flag(name), c.Typed)
				}
			}
		}
	}
}
