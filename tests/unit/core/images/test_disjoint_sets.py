from __future__ import annotations

import networkx
from hypothesis import given
from hypothesis import strategies as st

from sonoflow.images.disjoint_sets import DisjointSets

EDGES = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60)


@given(EDGES)
def test_sets_are_the_components_of_the_graph(edges: list[tuple[int, int]]) -> None:
    sets = DisjointSets(30)
    joins = sum(sets.join(a, b) for a, b in edges)

    graph = networkx.Graph(edges)
    graph.add_nodes_from(range(30))
    roots = sets.roots().tolist()
    assert joins == 30 - networkx.number_connected_components(graph)
    for component in networkx.connected_components(graph):
        assert {roots[member] for member in component} == {min(component)}
        assert {sets.find(member) for member in component} == {min(component)}
