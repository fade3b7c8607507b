create table comparaison.fct_quartiles as
with comptes as (
    select
        ratios.exercice,
        ratios.code_ratio,
        classes.code_classe,
        count(*) as nb_organisations,
        quantile_cont(cast(ratios.valeur as double), [0.25, 0.5, 0.75]) as quartiles
    from comparaison.fct_ratios as ratios
    inner join comparaison.fct_classes as classes
        on ratios.siren_organisation = classes.siren_organisation and ratios.exercice = classes.exercice
    where ratios.valeur is not null
    group by ratios.exercice, ratios.code_ratio, classes.code_classe
)

select
    comptes.exercice,
    comptes.code_ratio,
    comptes.code_classe,
    comptes.nb_organisations,
    -- under four, a quartile is the value of one of them
    case when nb_organisations >= 4 then cast(round(quartiles[1], ratios.decimales) as decimal(20, 6)) end as premier_quartile,
    case when nb_organisations >= 4 then cast(round(quartiles[2], ratios.decimales) as decimal(20, 6)) end as mediane,
    case when nb_organisations >= 4 then cast(round(quartiles[3], ratios.decimales) as decimal(20, 6)) end as troisieme_quartile
from comptes
inner join comparaison.dim_ratio as ratios on comptes.code_ratio = ratios.code_ratio;
