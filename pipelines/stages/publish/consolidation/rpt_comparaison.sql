-- What an organisation is told of itself among its peers: what its own report takes in.
create table comparaison.rpt_comparaison as
with ecartes as (
    select
        ratios.exercice,
        ratios.code_ratio,
        string_agg(
            organisations.libelle_organisation || ' (' || ratios.motif_ecart || ')', ', '
            order by organisations.libelle_organisation
        ) as organisations_ecartees
    from comparaison.fct_ratios as ratios
    inner join comparaison.dim_organisation as organisations
        on ratios.siren_organisation = organisations.siren_organisation
    where ratios.valeur is null
    group by ratios.exercice, ratios.code_ratio
)

select
    propres.siren_organisation,
    propres.exercice,
    ratios.rang,
    ratios.code_ratio,
    ratios.libelle_ratio,
    ratios.unite,
    ratios.decimales,
    classes.code_classe,
    classes.libelle_classe,
    propres.valeur,
    propres.motif_ecart,
    coalesce(quartiles.nb_organisations, 0) as nb_organisations,
    quartiles.premier_quartile,
    quartiles.mediane,
    quartiles.troisieme_quartile,
    ecartes.organisations_ecartees
from comparaison.fct_ratios as propres
inner join comparaison.dim_ratio as ratios on propres.code_ratio = ratios.code_ratio
inner join comparaison.fct_classes as places
    on propres.siren_organisation = places.siren_organisation and propres.exercice = places.exercice
inner join comparaison.dim_classe as classes on places.code_classe = classes.code_classe
left join comparaison.fct_quartiles as quartiles
    on propres.exercice = quartiles.exercice
    and propres.code_ratio = quartiles.code_ratio
    and places.code_classe = quartiles.code_classe
left join ecartes on propres.exercice = ecartes.exercice and propres.code_ratio = ecartes.code_ratio;
